import markdown
class StatuteExtension(markdown.Extension):
    def extendMarkdown(self, md): md.statute_toc=()
