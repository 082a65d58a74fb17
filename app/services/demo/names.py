"""Made-up people: names put together by counting, phone numbers that no network assigns."""

from __future__ import annotations

FAMILIES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛"
    "奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康"
)
FIRST = "建国秀丽志文玉海春晓明永桂德宝金淑红立新慧雅家振凤兰庆福宏卫思佳天云子一"
SECOND = "华英兰平军芳林珍强敏伟霞民荣梅生琴义萍山娟海燕波洁峰琳龙欣宇涵辰悦"


def person(index: int) -> tuple[str, str]:
    """Family and given name number ``index``: 40,000 in a row are about as mixed as real ones."""
    family = FAMILIES[index * 37 % len(FAMILIES)]
    first = FIRST[(index * 11 + index // 7) % len(FIRST)]
    second = SECOND[(index * 13 + index // 31) % len(SECOND)]
    # every fifth name is of one character
    return family, second if index % 5 == 0 else first + second


def full(index: int) -> str:
    return "".join(person(index))


def phone(index: int) -> str:
    """Eleven digits like a mobile number; none begins with 100, so nobody is ever called."""
    return f"100{index * 7919 % 100_000_000:08d}"
