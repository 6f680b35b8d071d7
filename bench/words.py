"""The vocabulary of the made-up cluster: word tables whose frequencies fall as in natural text.

All words are written or put together here; no text is copied and no person is named. A table's first words are the most
frequent: rank r is drawn with weight 1 / (r + 2.7), Mandelbrot's form of Zipf's law. Used by `bench.prose` and
`bench.tree`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, product
from random import Random

_SHIFT = 2.7


@dataclass(frozen=True, slots=True)
class Table:
    """Words by falling frequency."""

    words: tuple[str, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> Table:
        """The table of these words, each kept at its first place."""
        distinct = tuple(dict.fromkeys(words))
        return cls(distinct, tuple(accumulate(1 / (rank + _SHIFT) for rank in range(1, len(distinct) + 1))))

    def draw(self, rng: Random, count: int) -> list[str]:
        """`count` words, frequent ones often."""
        return rng.choices(self.words, cum_weights=self.weights, k=count)


@dataclass(frozen=True, slots=True)
class Voice:
    """All that a language needs to make sentences; `gap` stands between words, `comma` between clauses."""

    language: str
    organs: Table
    nouns: Table
    verbs: Table
    modifiers: Table
    openings: Table
    units: tuple[str, ...]
    gap: str
    comma: str
    stop: str

    @property
    def is_english(self) -> bool:
        """Whether sentences are put together in English."""
        return self.language == "en"


def _pairs(fronts: str, backs: str) -> list[str]:
    """Every front before every back, those with early members first."""
    pairs = product(enumerate(fronts.split()), enumerate(backs.split()))
    return [
        front + back for (_, front), (_, back) in sorted(pairs, key=lambda pair: (pair[0][0] + 1) * (pair[1][0] + 1))
    ]


_NOUNS = """
项目 服务 群众 企业 工程 道路 学校 医院 社区 乡镇 村组 农户 园区 窗口 资金 材料 设施 管网 水厂 站点 公交 客运 车位
小区 住房 苹果 肉牛 果园 牛舍 煤矿 电厂 景区 湖岸 河道 堤防 林地 耕地 大棚 冷库 市场 摊位 价格 产量 岗位 工人 教师
学生 老人 儿童 病床 门诊 疫苗 药品 食堂 图书 场馆 比赛 展览 游客 民宿 古城 城墙 码头 渡口 桥梁 隧道 路灯 绿地 垃圾
污水 空气 噪声 预警 演练 消防 仓库 粮食 饲料 种苗 化肥 农机 合同 标准 清单 台账 报告 计划 预算 决算 补贴 贷款 保险
税费 许可 证照 档案 热线 来信 答复 建议 议案 条例 规定 办法 通告 公示 名单 名额 场次 课程 培训 线路 班次 站台 护栏
泵站 水库 灌区 井盖 电梯 楼道 锅炉 管道 燃气 热源 供暖 水质 断面 监测 样品 数据 指标 目录 事项 流程
"""
_NOUN_FRONTS = """
水 电 气 热 农 工 商 医 文 体 公 路 桥 河 湖 山 林 田 果 牛 粮 煤 车 船 站 校 院 村 镇 县 区 市 街 巷 楼 房 园 场 库
网 线 机 材 料 药 食 书 艺 旅 客 民 老 青 消 防 安 环 绿 污 空 声 光 土 矿 砂 石 钢 木 竹 棉 布 纸 茶 酒 糖 盐 油 奶
蛋 鱼 菜 花 草 种 苗 肥 农机 数据 税务
"""
_NOUN_BACKS = """
站 点 区 厂 场 馆 所 室 库 网 线 路 桥 坝 渠 井 泵 管 表 册 卡 证 单 票 费 款 价 量 率 期 班 队 组 员 工 户 家 会 厅
局 院 校 园 田 林 圃 棚 舍 台 亭 廊 道 口 岸 堤 坡 沟 池 塔 架 箱 柜 牌 灯 车 船 机 器 具 材 料 品 药 剂 苗 种
"""
_VERBS = """
开展 完成 启动 推进 检查 公布 受理 办结 整改 修复 新增 调整 安排 落实 组织 发放 登记 审核 验收 建成 投用 改造 更换
清理 疏通 加固 巡查 走访 征求 收集 答复 评估 抽查 通报 督促 协调 对接 保障 补助 减免 延长 缩短 扩大 压减 简化 公示
招募 培育 引进 推广 种植 收购 储备 运送 供应 抢修
"""
_VERB_FRONTS = """
推 建 改 修 开 办 查 审 清 治 管 护 养 种 收 运 储 购 销 招 训 评 测 登 核 发 补 减 延 扩 建成 统 分 合 联 督 协 防
"""
_VERB_BACKS = "进 设 造 复 展 理 看 批 整 查 护 换 成 放 送 备 录 定 验 算 测 办 通 固 治 助 收 出 回 到"
_MODIFIERS = """
全市 城区 农村 新建 改造后的 重点 基层 公共 便民 夜间 冬季 春季 汛期 节前 沿河 山区 连片 集中 老旧 首批 第二批 年度
季度 当月 专项 临时 长期 免费 就近 统一 市级 县级 两区十县 城乡 校园 社区 大型 小型 已有 在建 拟建 停用 备用 室外
地下 沿街 跨县 对口 定点 上门 网上 预约 一次性
"""
_MODIFIER_FRONTS = "新 旧 大 小 东 西 南 北 上 下 内 外 前 后 老 高 低 长 短 快 慢 冷 热 干 湿"
_MODIFIER_BACKS = "段 片 侧 线 期 层 型 级 类 批 次 处 部 面 岸"
_ORGANS = """
市政府办公室 市发展和改革委员会 市教育局 市民政局 市财政局 市人力资源和社会保障局 市自然资源局 市生态环境局
市住房和城乡建设局 市交通运输局 市水务局 市农业农村局 市商务局 市文化和旅游局 市卫生健康委员会 市应急管理局 市审计局
市市场监督管理局 市体育局 市统计局 市医疗保障局 市林业局 市数据局 市信访局 市城市管理局 市人大常委会 市大数据中心
云东区政府 云西区政府 望泽县政府 临溪县政府 石桥县政府 沙坪县政府
"""
_OPENINGS = """
据介绍 目前 截至上月底 今年以来 下一步 按照计划 在现场 此前 同时 入冬以来 为方便群众 根据规定 经核查 与去年相比
从下周起 据统计
"""

_ENGLISH_NOUNS = """
project service village road school hospital county river lake orchard cattle market visitor route bus farm plant
park library museum bridge harbour station office programme permit license training worker teacher student clinic
vaccine budget report standard price harvest season trail hotel festival exhibition workshop factory mine reservoir
canal forest field greenhouse
"""
_ENGLISH_FRONTS = (
    "river lake hill field mill stone road bridge water farm market wood sand green town school north south east west"
)
_ENGLISH_BACKS = (
    "side bank works yard house land stead gate walk line land mark crest hall port ward mouth head brook lea"
)
_ENGLISH_VERBS = """
opened completed improved repaired extended received inspected published launched supported replaced cleared planted
shipped registered reviewed trained served added reduced planned upgraded restored widened lighted connected measured
checked
"""
_ENGLISH_MODIFIERS = """
new public local rural urban annual seasonal free early late eastern western northern southern modern old small large
second first shared open safe clean regional monthly winter spring summer autumn daily
"""
_ENGLISH_ORGANS = """
the city office, the transport bureau, the water bureau, the education bureau, the tourism bureau, the health
commission, the agriculture bureau, the statistics bureau, the investment office, the county government
"""
_ENGLISH_OPENINGS = """
So far, This year, By the end of last month, Under the plan, At the same time, Since the winter began, For visitors
"""


@cache
def voice_of(language: str) -> Voice:
    """The voice of a site's language."""
    return _english() if language == "en" else _chinese()


def _phrases(text: str) -> list[str]:
    """What stands between commas."""
    return [" ".join(phrase.split()) for phrase in text.split(",")]


def _chinese() -> Voice:
    return Voice(
        language="zh-Hans",
        organs=Table.of(_ORGANS.split()),
        nouns=Table.of([*_NOUNS.split(), *_pairs(_NOUN_FRONTS, _NOUN_BACKS)]),
        verbs=Table.of([*_VERBS.split(), *_pairs(_VERB_FRONTS, _VERB_BACKS)]),
        modifiers=Table.of([*_MODIFIERS.split(), *_pairs(_MODIFIER_FRONTS, _MODIFIER_BACKS)]),
        openings=Table.of(_OPENINGS.split()),
        units=("个", "处", "公里", "万元", "人次", "户", "平方米", "吨", "%", "台", "亩", "份"),
        gap="",
        comma="，",
        stop="。",
    )


def _english() -> Voice:
    return Voice(
        language="en",
        organs=Table.of(_phrases(_ENGLISH_ORGANS)),
        nouns=Table.of([*_ENGLISH_NOUNS.split(), *_pairs(_ENGLISH_FRONTS, _ENGLISH_BACKS)]),
        verbs=Table.of(_ENGLISH_VERBS.split()),
        modifiers=Table.of(_ENGLISH_MODIFIERS.split()),
        openings=Table.of(_phrases(_ENGLISH_OPENINGS)),
        units=(" places", " km", " people", " tonnes", " hectares", "%"),
        gap=" ",
        comma=", ",
        stop=". ",
    )
