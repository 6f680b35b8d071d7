"""`python -m cli` is `zhanqun`."""

from cli.main import main

if __name__ == "__main__":
    main()
