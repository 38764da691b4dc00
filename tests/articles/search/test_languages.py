"""The same searches find the same articles on both databases, in many languages and scripts."""

from __future__ import annotations

from typing import Final

import pytest
from django.http import QueryDict
from django.utils.safestring import SafeString

from articles.models import Article
from articles.search import Order, marked, parse
from articles.site.filters import ArticleFilter
from tests.factories import NOW, make_article, make_provider, make_topic

pytestmark = pytest.mark.django_db

HEADLINES: Final = {
    "soft": "Soft\u00adhyphen and zero\u200bwidth\u2060 words",
    "ligature": "ﬁnance ligature ＦＵＬＬ width",
    "arabic": "كِتَابُ العالَم الجديد",
    "plain arabic": "سوريا الجديدة والعالم",
    "hebrew": "שָׁלוֹם עולם",
    "greek": "Ὁ Ὀδυσσεύς στην Αθήνα",
    "russian": "Ёлка в Москве",
    "turkish": "Isparta'da ışık ve İstanbul",
    "german": "Straße und Übermut",
    "french": "Le cœur à l\u2019œuvre: ça va",
    "polish": "Łódź i Kraków",
    "hindi": "हिन्दी में समाचार",
    "thai": "ประเทศไทยเปิดตัวระบบใหม่",
    "lao": "ປະເທດລາວເປີດໂຕລະບົບໃໝ່",
    "khmer": "ប្រទេសកម្ពុជាបើកប្រព័ន្ធថ្មី",
    "burmese": "မြန်မာနိုင်ငံသတင်း",
    "chinese": "东京大学发布新系统",
    "japanese": "猫がガラスの橋を渡る",
    "half width": "ｶﾞﾗｽ ﾆｭｰｽ",
    "korean": "서울에서 열린 회의",
    "code": "C++, C# and .NET at AT&amp;T",
    "names": "O\u2019Reilly on COVID-19 and gpt4",
}
SEARCHES: Final = {
    # What is invisible
    "softhyphen": "soft",
    "zerowidth": "soft",
    "soft\u00adhyphen words": "soft",
    '"zerowidth words"': "soft",
    # Ligatures and width
    "finance": "ligature",
    "ﬁnance": "ligature",
    "full": "ligature",
    "ｗｉｄｔｈ": "ligature",
    # Vowel points and accents
    "كتاب": "arabic",
    "كِتاب": "arabic",
    "العالم": "arabic",
    "العالَم الجديد": "arabic",
    "كتـاب": "arabic",
    "والعالم": "plain arabic",
    "שלום": "hebrew",
    "שָׁלוֹם": "hebrew",
    "οδυσσευς": "greek",
    "ΟΔΥΣΣΕΎΣ": "greek",
    "αθηνα": "greek",
    "елка": "russian",
    "ЁЛКА москве": "russian",
    "isparta": "turkish",
    "ısparta": "turkish",
    "isik": "turkish",
    "istanbul": "turkish",
    "İSTANBUL": "turkish",
    "strasse": "german",
    "STRASSE": "german",
    "ubermut": "german",
    "coeur": "french",
    "œuvre ca": "french",
    "lodz": "polish",
    "kraków": "polish",
    "हिन्दी": "hindi",
    # Scripts without spaces
    "ประเทศไทย": "thai",
    "ไทย": "thai",
    "ระบบ ใหม่": "thai",
    "ไทยระบบ": None,
    "ລາວ": "lao",
    "កម្ពុជា": "khmer",
    "နိုင်ငံ": "burmese",
    "东京": "chinese",
    "大学": "chinese",
    "京大": "chinese",
    "系统 东京": "chinese",
    "东大": None,
    "统": "chinese",
    "猫": "japanese",
    "ガラス 猫": "japanese, not half width",
    "ﾆｭｰｽ": "half width",
    "ニュース": "half width",
    "ガラス -猫": "half width",
    # Particles follow a Korean word
    "서울": "korean",
    "회의": "korean",
    "서": None,
    # Signs
    "C++": "code",
    "C#": "code",
    ".NET": "code",
    "AT&T": "code",
    '"AT&T"': "code",
    "O'Reilly": "names",
    "O\u2019REILLY": "names",
    "COVID-19": "names",
    '"covid 19"': "names",
    "gpt4": "names",
    "gpt": None,
}
MARKED: Final = [
    ("Soft\u00adhyphen", "softhyphen", "[Soft\u00adhyphen]"),
    ("ﬁnance", "finance", "[ﬁnance]"),
    ("كِتَابُ العالَم", "كتاب", "[كِتَابُ] العالَم"),
    ("ประเทศไทยเปิด", "ไทย", "ประเทศ[ไทย]เปิด"),
    ("东京大学发布", "大学", "东京[大学]发布"),
    ("黒猫が猫", "猫", "黒[猫]が[猫]"),
    ("か\u3099らす ｶﾞﾗｽ", "がら ガラ", "[か\u3099ら]す [ｶﾞﾗ]ｽ"),
    ("서울에서 열린", "서울", "[서울에서] 열린"),
    ("東京2020年", "2020年", "東京[2020][年]"),
    ("東京2020年", '"東京2020年"', "[東京2020年]"),
    ("A cafe\u0301, ﷺ x", "cafe x", "A [cafe\u0301], ﷺ [x]"),
]


FORMS: Final = {
    "drones": ("en-us", "Drones over the harbors"),
    "drone": ("en", "A drone was delivering"),
    "german": ("de", "Neue Brücken und Häuser"),
    "french": ("fr", "Les œuvres municipales"),
    "spanish": ("es", "Nuevas canciones españolas"),
    "portuguese": ("pt-BR", "Os jornais brasileiros"),
    "italian": ("it", "Le città e i ponti"),
    "dutch": ("nl", "Twee bruggen"),
    "swedish": ("sv", "Många båtar"),
    "norwegian": ("nb", "Mange hester"),
    "finnish": ("fi", "Uudet talot"),
    "turkish": ("tr", "İstanbul'daki kitaplar"),
    "polish": ("pl", "Nowe statki"),
    "russian": ("ru", "Новый мост, новые дороги"),
    "greek": ("el", "Νέοι δρόμοι"),
    "arabic": ("ar", "المدارس والكتب"),
    "hindi": ("hi", "नई किताबें"),
    # Words of these have no stems.
    "unknown": ("tlh", "Boats"),
    "japanese": ("ja", "Ferries 東京"),
}
"""The language and headline of each article."""
OTHER_FORMS: Final = {
    "drone": ["drone", "drones"],
    "drones": ["drones", "drone"],
    "DRONES harbor": ["drones"],
    '"drone"': ["drone"],
    '"drones"': ["drones"],
    "drones -drone": ["drones"],
    "delivered": ["drone"],
    "dron*": ["drones", "drone"],
    "brücke": ["german"],
    "haus": ["german"],
    "œuvre municipal": ["french"],
    "oeuvre": ["french"],
    "canción española": ["spanish"],
    "jornal": [],
    "brasileiro": ["portuguese"],
    "ponte": ["italian"],
    "brug": ["dutch"],
    "båt": ["swedish"],
    "bat": ["swedish"],
    "hest": ["norwegian"],
    "talo": ["finnish"],
    "kitap": ["turkish"],
    "statek": [],
    "новая дорога": ["russian"],
    "дорог": ["russian"],
    "δρόμος": ["greek"],
    "किताब": ["hindi"],
    "مدارس": ["arabic"],
    "boat": [],
    "boats": ["unknown"],
    "ferry": [],
}
MARKED_FORMS: Final = [
    ("en", "Drones &amp; a drone", "drone", "[Drones] &amp;amp; a [drone]"),
    ("", "Drones & a drone", "drone", "Drones &amp; a [drone]"),
    ("de", "Zwei BRÜCKEN", "Brücke", "Zwei [BRÜCKEN]"),
    ("tlh", "Drones", "drone", "Drones"),
    ("ru", "В Новой Москве", "новый", "В [Новой] Москве"),
    ("en", "Drones over 東京", '"drone" 東京', "Drones over [東京]"),
    ("fr", "Des re\u0301sultats", "résultat", "Des [re\u0301sultats]"),
]


def slugs(query: str, order: Order) -> list[str]:
    asked = QueryDict(mutable=True)
    asked["q"] = query
    narrowed = ArticleFilter(asked, queryset=Article.objects.published(NOW))
    return [row.slug for row in narrowed.found(order, "", size=50).rows]


@pytest.mark.parametrize("place", ["headline", "excerpt", "names"])
def test_searches(place: str) -> None:
    expected: dict[str, str] = {}
    plain = make_provider(name="Paper")
    for name, text in HEADLINES.items():
        is_name = place == "names"
        article = make_article(
            title=text if place == "headline" else "-",
            excerpt=text if place == "excerpt" else "",
            provider=make_provider(name=text) if is_name else plain,
            topics=(make_topic(name=text),) if is_name else (),
        )
        expected[name] = article.slug
    for query, wanted in SEARCHES.items():
        names = [] if wanted is None else [wanted.partition(",")[0]]
        for order in Order:
            assert slugs(query, order) == [expected[name] for name in names], query
        listed = Article.objects.search(query, is_typing=False)
        assert [one.slug for one in listed] == [expected[name] for name in names], query


@pytest.mark.once
@pytest.mark.parametrize(("text", "query", "expected"), MARKED)
def test_marks_are_on_the_words_as_they_are_written(text: str, query: str, expected: str) -> None:
    shown: SafeString = marked(text, parse(query, is_typing=False))
    assert shown.replace("<mark>", "[").replace("</mark>", "]") == expected


@pytest.mark.parametrize("place", ["title", "excerpt"])
def test_other_forms_of_a_word(place: str) -> None:
    names = {
        make_article(
            title=text if place == "title" else "-",
            excerpt=text if place == "excerpt" else "",
            locale=locale,
        ).slug: name
        for name, (locale, text) in FORMS.items()
    }
    for query, expected in OTHER_FORMS.items():
        assert [names[slug] for slug in slugs(query, Order.BEST)] == expected, query
        assert {names[slug] for slug in slugs(query, Order.LATEST)} == {*expected}, query
        listed = Article.objects.search(query, is_typing=False)
        assert {names[one.slug] for one in listed} == {*expected}, query


def test_words_come_before_other_forms_and_headlines_before_excerpts() -> None:
    texts = {
        "stem in the excerpt": ("-", "Drone", ""),
        "stem in the headline": ("Drone", "", ""),
        "name": ("-", "", "Drones"),
        "excerpt": ("-", "Drones", ""),
        "headline": ("Drones", "", ""),
    }
    for name, (title, excerpt, topic) in texts.items():
        make_article(
            title=title, excerpt=excerpt, topics=(make_topic(topic),) if topic else (), slug=name
        )
    assert slugs("drones", Order.BEST) == [*reversed(texts)]


@pytest.mark.once
@pytest.mark.parametrize(("locale", "text", "query", "expected"), MARKED_FORMS)
def test_marks_are_on_other_forms(locale: str, text: str, query: str, expected: str) -> None:
    shown: SafeString = marked(text, parse(query, is_typing=False), locale)
    assert shown.replace("<mark>", "[").replace("</mark>", "]") == expected
