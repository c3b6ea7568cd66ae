"""The carriers of test_beacons.py. Each is a dict:

name       what fails, if it fails
head body  what stands in the page; or page, all of it
fields     further fields of the response, a line each
type       Content-Type of the page; charset: how it is encoded; coding: its Content-Encoding
act        a script that does what a visitor would: clicks, submits
follows    False: browsers do not follow it by themselves; it must not be followed when denied, and need not when granted
scripting  False: with scripting switched off
todo       why it is known not to be held back yet

In all of them {u} is the address at the tracker, {h} its host, {p} its path without the slash and the first label of the
host, {base64 image} an <img> with the address in base64.
"""

IDNA_HOSTS = ('xn--bcher-kva.example', 'xn--mnich-kva.tracker.test')
CASES = []


def case(name, body='', **more):
    CASES.append(dict(name=name, body=body, **more))


def head(name, markup, **more):
    case(name, '', head=markup, **more)


# ---- Scripts.
head('script src', '<script src="{u}.js"></script>')
head('script src async', '<script async src="{u}.js"></script>')
head('script src of a module', '<script type=module src="{u}.js"></script>')
case('script src at the end of the body', '<p>x</p><script src="{u}.js"></script>')
head('script that makes an Image', '<script>new Image().src = "{u}";</script>')
head('script that inserts a script', '''<script>(function(w,d,s,l,i){var f=d.getElementsByTagName(s)[0],
j=d.createElement(s);j.async=true;j.src='{u}.js?id='+i;f.parentNode.insertBefore(j,f);})(window,document,'script','d','G');
</script>''')
head('script with a URL without scheme', "<script>document.write('<scr'+'ipt src=//{h}/{p}.js></scr'+'ipt>')</script>")
head('script with escaped slashes', r'''<script>new Image().src = "https:\/\/{h}\/{p}";</script>''')
head('script with unicode escapes', r'''<script>new Image().src = "https:\u002F\u002F{h}\u002f{p}";</script>''')
head('script with hexadecimal escapes', r'''<script>new Image().src = "https:\x2f\x2f{h}\x2F{p}";</script>''')
head('script that calls fetch', '<script>fetch("{u}", {mode: "no-cors"})</script>')
head('script that calls sendBeacon', '<script>navigator.sendBeacon("{u}", "x")</script>')
head('script that asks by XMLHttpRequest', '<script>x=new XMLHttpRequest();x.open("GET","{u}");x.send()</script>')
head('script whose text is named', '<script>function assembledFromPieces(a,b){new Image().src=a+b}\n'
     'assembledFromPieces("https:/" + "/{p}.tra" + "cker.example", "/{p}")</script>')
head('script between comment signs', '<script><!--\nnew Image().src = "{u}";\n//--></script>')
head('module with an import', '<script type=module>import "{u}.js";</script>')
head('importmap', '<script type=importmap>{"imports":{"x":"{u}.js"}}</script><script type=module>import "x";</script>')
head('speculationrules', '<script type=speculationrules>{"prefetch":[{"source":"list","urls":["{u}.html"],'
     '"eagerness":"immediate","referrer_policy":"no-referrer"}]}</script>')
head('speculationrules with escapes', '<script type=speculationrules>{"prefetch":[{"source":"list","urls":['
     r'"ht\u0074ps://{p}.tra\u0063ker.example/{p}.html"],"eagerness":"immediate","referrer_policy":"no-referrer"}]}</script>')
head('speculationrules relative to the base', '<base href="https://{h}/"><script type=speculationrules>{"prefetch":[{"source":'
     '"list","urls":["{p}.html"],"eagerness":"immediate","referrer_policy":"no-referrer"}]}</script>')
head('importmap with escapes', r'<script type=importmap>{"imports":{"x":"\u0068ttps:\/\/{p}.tra\u0063ker.example/{p}.js"}}'
     '</script><script type=module>import "x";</script>')
head('module with an import relative to the base', '<base href="https://{h}/"><script type=module>import "./{p}.js";</script>')
head('module with an import without slashes', '<script type=module>import "https:{h}/{p}.js";</script>')
head('module with escapes in an import', r'<script type=module>import "ht\x74ps://{p}.tra\ck\u{65}r.example/{p}.js";</script>')
case('script that is never closed', '<p>x</p><script src="{u}.js">', follows=False)
case('inline script that is never closed', '<p>x</p><script>new Image().src="{u}";', follows=False)

# ---- Put together at run time: nothing in the page tells.
PIECES = 'var u = "https:/" + "/" + ["{p}", "track" + "er", "exa" + "mple"].join(".") + "/{p}";'
head('at run time: Image', f'<script>{PIECES} new Image().src = u;</script>')
head('at run time: fetch', f'<script>{PIECES} fetch(u, {{mode: "no-cors"}});</script>')
head('at run time: sendBeacon', f'<script>{PIECES} navigator.sendBeacon(u, "x");</script>')
head('at run time: XMLHttpRequest', f'<script>{PIECES} x = new XMLHttpRequest(); x.open("GET", u); x.send();</script>')
head('at run time: script element', f'<script>{PIECES} s = document.createElement("script"); s.src = u + ".js"; '
     'document.head.appendChild(s);</script>')
case('at run time: iframe element', f'<script>{PIECES} f = document.createElement("iframe"); f.src = u + ".html"; '
     'document.body.appendChild(f);</script>')
case('at run time: setAttribute', f'<img id=i><script>{PIECES} i.setAttribute("src", u);</script>')
case('at run time: lazy loading', '<img data-src="{u}"><script>document.querySelectorAll("[data-src]").forEach('
     'function (i) { i.src = i.dataset.src; });</script>')
case('at run time: lazy loading of srcset', '<img data-srcset="{u} 1x"><script>document.querySelectorAll("img").forEach('
     'function (i) { i.srcset = i.dataset.srcset; });</script>')
case('at run time: lazy loading of a frame', '<iframe data-lazy-src="{u}.html"></iframe><script>document.querySelector('
     '"iframe").src = document.querySelector("iframe").getAttribute("data-lazy-src")</script>')

# ---- Images.
case('img src', '<img src="{u}">')
case('img src of one pixel', '<img height=1 width=1 style="display:none" src="{u}?ev=PageView&amp;noscript=1"/>')
case('img srcset', '<img srcset="{u} 1x">')
case('img srcset with sizes', '<img src="/a.gif" sizes="100vw" srcset="{u} 10w, {u} 2000w">')
case('img srcset, the second of two', '<img srcset="/a.gif 9000w,{u} 900w" sizes=10px>')
case('picture source', '<picture><source srcset="{u} 1x"><img src="/a.gif"></picture>')
case('image, the old name', '<image src="{u}">')
case('input of type image', '<form><input type=image src="{u}"></form>')
case('input of type IMAGE', '<form><input TYPE="Image" SRC="{u}"></form>')

# ---- Links.
head('link stylesheet', '<link rel=stylesheet href="{u}.css">')
head('link alternate stylesheet', '<link rel="alternate stylesheet" title=x href="{u}.css">')
head('link stylesheet for print', '<link rel="StyleSheet" media=print href="{u}.css">')
for kind in ('image', 'script', 'style', 'fetch', 'font'):
    more = ' crossorigin' if kind in ('fetch', 'font') else ''
    head(f'link preload as {kind}', f'<link rel=preload as={kind} href="{{u}}"{more}>')
head('link preload with imagesrcset', '<link rel=preload as=image imagesrcset="{u} 1x" imagesizes=10px>')
head('link prefetch', '<link rel=prefetch href="{u}.js">')
head('link modulepreload', '<link rel=modulepreload href="{u}.js">')
head('link preconnect', '<link rel=preconnect href="https://{h}">')
head('link preconnect and dns-prefetch', '<link rel="dns-prefetch preconnect" href="//{h}" crossorigin>')
head('link dns-prefetch', '<link rel=dns-prefetch href="//{h}">', follows=False)
head('link icon', '<link rel="shortcut icon" href="{u}.svg" type="image/svg+xml">', follows=False)
case('link in the body', '<p>x</p><link rel=stylesheet href="{u}.css">')

# ---- Frames and plug-ins.
case('iframe', '<iframe src="{u}.html"></iframe>')
case('iframe of no size', '<iframe src="{u}.html" height=0 width=0 style="display:none;visibility:hidden"></iframe>')
case('frame', page='<!doctype html><html><head><title>t</title></head><frameset cols="*"><frame src="{u}.html">'
     '</frameset></html>')
case('embed', '<embed src="{u}.html" type="text/html">')
case('object', '<object data="{u}.html" type="text/html"></object>')
case('object with an image', '<object data="{u}.svg" type="image/svg+xml">x</object>')
case('iframe srcdoc', '<iframe srcdoc="&lt;img src=&quot;{u}&quot;&gt;"></iframe>')
case('iframe srcdoc with a script', "<iframe srcdoc='<script src=\"{u}.js\"></script>'></iframe>")
case('iframe srcdoc with a script in line', "<iframe srcdoc='<script>new Image().src=\"{u}\"</script>'></iframe>")
case('iframe srcdoc within srcdoc', '<iframe srcdoc="<iframe srcdoc=\'<img src=&amp;quot;{u}&amp;quot;>\'></iframe>">'
     '</iframe>')
case('iframe of a data URL', "<iframe src='data:text/html,<img src=\"{u}\">'></iframe>")
case('iframe of a data URL in base64', '<iframe src="data:text/html;base64,{base64 image}"></iframe>')
case('iframe of a javascript URL', "<iframe src=\"javascript:'<img src={u}>'\"></iframe>")
head('script of a data URL', "<script src=\"data:text/javascript,new Image().src='{u}'\"></script>")
head('link to a style sheet in a data URL', '<link rel=stylesheet href="data:text/css,@import url({u}.css)">')

# ---- Media.
case('video poster', '<video poster="{u}"></video>')
case('video src', '<video src="{u}.mp4" preload=auto></video>')
case('video source', '<video preload=auto><source src="{u}.mp4" type="video/mp4"></video>')
case('audio src', '<audio src="{u}.mp3" preload=auto></audio>')
case('audio source', '<audio preload=auto controls><source src="{u}.mp3"></audio>')
case('track', '<video crossorigin><source src="/a.mp4"><track default kind=captions srclang=en src="{u}.vtt"></video>')

# ---- What a visitor does.
case('a ping', '<a id=a href="/start" ping="{u}">x</a>', act='document.getElementById("a").click()')
case('a ping, the second', '<a id=a href="/start" ping="/own {u}">x</a>', act='document.getElementById("a").click()')
case('area ping', '<map name=m><area id=a href="/start" ping="{u}" shape=rect coords="0,0,9,9"></map><img usemap="#m">',
     act='document.getElementById("a").click()')
case('a with a javascript URL', '<a id=a href="javascript:void(new Image().src=\'{u}\')">x</a>',
     act='document.getElementById("a").click()')
case('form action', '<form id=f method=post action="{u}.html"><input name=a value=b></form>',
     act='document.getElementById("f").submit()')
case('button formaction', '<form action="/start"><button id=b formaction="{u}.html">x</button></form>',
     act='document.getElementById("b").click()')
case('input formaction', '<form action="/start"><input type=submit id=b formaction="{u}.html"></form>',
     act='document.getElementById("b").click()')

# ---- Old attributes.
case('body background', page='<!doctype html><title>t</title><body background="{u}">x')
case('table background', '<table background="{u}"><tr><td>x</table>')
case('td background', '<table><tr><td background="{u}">x</table>')
case('tr background', '<table><tr background="{u}"><td>x</table>')

# ---- Going elsewhere.
case('meta refresh to a data URL in a frame', '<iframe srcdoc="<meta http-equiv=refresh content=\'0;url=data:text/html,'
     '<img src={u}>\'>"></iframe>')
head('meta refresh', '<meta http-equiv=refresh content="0;url={u}.html">')
head('meta refresh in quotes', '<meta HTTP-EQUIV="Refresh" content="0; URL=\'{u}.html\'">')
head('meta refresh without url=', '<meta http-equiv=refresh content="0 {u}.html">')

# ---- Styles.
head('style url()', '<style>body{background:url({u})}</style>')
head('style url() in quotes', '<style>body{background:#fff url( "{u}" ) no-repeat}</style>')
head('style URL()', '<style>body{background:URL({u})}</style>')
head('style with an escaped u', r'<style>body{background:\75rl({u})}</style>')
head('style with an escaped URL', r'<style>body{background:url("https://{p}.tr\61 cker.example/{p}")}</style>')
head('style image-set()', '<style>body{background:image-set("{u}" 1x)}</style>')
head('style @import', '<style>@import "{u}.css";</style>')
head('style @import url()', "<style>@import url('{u}.css') screen;</style>")
head('style @font-face', '<style>@font-face{font-family:f;src:url({u}.woff2)}body{font-family:f}</style>x')
case('style attribute', '<div style="background:url({u});width:9px;height:9px">x</div>')
case('style attribute with references', '<p style="background-image:url(&quot;{u}&quot;)">x</p>')
case('style in svg', '<svg><style>@import "{u}.css"; .a{fill:red}</style><rect class=a width=9 height=9 /></svg>')

case('style attribute that is not closed', '<p style="background:url({u}">x</p>')
head('style with an import that is not closed', '<style>@import "{u}.css</style>')
head('style between comment signs', '<style><!-- @import url({u}.css); --></style>')
head('style by way of a custom property', '<style>:root{--x:url("{u}")}body{background:var(--x)}</style>')
head('style with an escaped line end', '<style>body{background:url("https://{h}/\\\n{p}")}</style>')
case('style in svg with references', '<svg><style>@import &quot;{u}.css&quot;;</style></svg>')
case('style in svg with a reference for a parenthesis', '<svg><style>:root{background:url&#40;{u})}</style></svg>')
case('style in svg in CDATA', '<svg><style><![CDATA[@import "{u}.css";]]></style></svg>')

head('style with a string for want of a custom property',
     '<style>body{background:image-set(var(--none, "{u}") 1x)}</style>')
head('style with a string in @property', '<style>@property --x{syntax:"<string>";inherits:true;initial-value:"{u}"}'
     'body{background:image-set(var(--x) 1x)}</style>')
head('style with a string in @function', '<style>@function --f(){result:"{u}"}body{background:image-set(--f() 1x)}</style>')
head('style that imports a data URL', '<style>@import "data:text/css,@import%20url({u}.css)";</style>')
case('style sheet in a data URL of another type, in quirks mode',
     page='<html><head><link rel=stylesheet href="data:text/plain,@import url({u}.css)"></head><body>x</body></html>')

# ---- Handlers.
case('onload of the body', page='<!doctype html><title>t</title><body onload="new Image().src=\'{u}\'">x')
case('onerror', '<img src="/case/x.none" onerror="navigator.sendBeacon(\'{u}\')" onload="new Image().src=\'{u}\'">')
case('onclick', '<button id=b onclick="new Image().src=&quot;{u}&quot;">x</button>',
     act='document.getElementById("b").click()')
case('onload of svg', '<svg onload="new Image().src=\'{u}\'"><rect width=1 height=1 /></svg>')

# ---- SVG and MathML.
case('svg image href', '<svg width=9 height=9><image href="{u}" width=9 height=9 /></svg>')
case('svg image xlink:href', '<svg width=9 height=9><image xlink:href="{u}" width=9 height=9 /></svg>')
case('svg script href', '<svg><script href="{u}.js"/></svg>')
case('svg script xlink:href', '<svg><script xlink:href="{u}.js"></script></svg>')
case('svg script in line', '<svg><script>new Image().src="{u}"</script></svg>')
case('svg script in CDATA', '<svg><script><![CDATA[new Image().src="{u}"]]></script></svg>')
case('svg base, of which the preload scanner makes the page\'s', '<svg><base href="https://{h}/"></base></svg><img src="{p}">')
case('svg CDATA, which the preload scanner does not know', '<svg><![CDATA[ > <img src="{u}"> ]]></svg>')
case('svg title, which ends for the preload scanner in a comment', '<svg><title><!-- </title><img src="{u}"> --></title></svg>')
case('svg title, which ends for the preload scanner in an attribute', '<svg><title><p title=\'</title><img src="{u}">\'></p>'
     '</title></svg>')
case('svg style, which ends for the preload scanner in a section', '<svg><style><![CDATA[ </style><img src="{u}"> ]]></style></svg>')
case('svg title that ends at once', '<svg><title/><desc title=\'</title><img src="{u}">\'></desc></svg>')
case('base that comes late', '<img src="{p}"><p><base href="https://{h}/">', follows=False)
case('style with a NUL', '<style>@import \0"{u}.css";</style>')
case('svg script cut by CDATA', '<svg><script>new Image().src="https://{p}.tra<![CDATA[cker.example/{p}"]]></script></svg>')
case('svg script cut by a comment', '<svg><script>new Image().src="https://{p}.tra<!--x-->cker.example/{p}"</script></svg>')
case('svg script cut by an element', '<svg><script>new Image().src="https://{p}.tra<g></g>cker.example/{p}"</script></svg>')
case('svg style cut by CDATA', '<svg><style>@import "https://{p}.tra<![CDATA[cker.example/{p}.css";]]></style></svg>')
case('svg style cut by a comment', '<svg><style>@import "https://{p}.tra<!--x-->cker.example/{p}.css";</style></svg>')
case('svg script with references', '<svg><script>new Image().src=&quot;{u}&quot;</script></svg>')
case('svg use', '<svg width=9 height=9><use href="{u}.svg#a"/></svg>', follows=False)
case('svg feImage', '<svg width=9 height=9><filter id=f><feImage href="{u}"/></filter>'
     '<rect width=9 height=9 filter="url(#f)"/></svg>')
# Presentation attributes (SVG 2 6.6).
case('svg mask attribute', '<svg width=9 height=9><rect mask="url({u})" width=9 height=9 /></svg>')
case('svg mask attribute with references', '<svg width=9 height=9><rect MASK="&#117;rl&lpar;&quot;{u}&quot;)" width=9 '
     'height=9 /></svg>')
case('svg mask attribute with escapes', r'<svg width=9 height=9><rect mask="\75rl(https\3a//{h}/{p})" width=9 height=9 />'
     '</svg>')
case('svg mask attribute of the root', '<svg mask="url({u})" width=9 height=9><rect width=9 height=9 /></svg>')
case('svg cursor attribute', '<svg width=9 height=9><rect cursor="url({u}), auto" width=9 height=9 /></svg>')
for name in ('clip-path', 'fill', 'filter', 'marker-end', 'marker-mid', 'marker-start', 'stroke'):
    case(f'svg {name} attribute', f'<svg width=9 height=9><path {name}="url({{u}}.svg#a)" d="M0 0L5 5L9 9" /></svg>',
         follows=name != 'filter')
case('svg mask attribute with image-set()', '<svg width=9 height=9><rect mask=\'image-set("{u}" 1x)\' width=9 height=9 />'
     '</svg>')
case('svg mask attribute outside of svg', '<p mask="url({u})">x</p>', follows=False)
case('svg set of mask', '<svg width=9 height=9><rect width=9 height=9><set attributeName=mask to="url({u})"/></rect></svg>')
case('svg set of href', '<svg width=9 height=9><image href="/a.gif" width=9 height=9><set attributeName=href to="{u}"/>'
     '</image></svg>')
case('svg animate of xlink:href', '<svg width=9 height=9><image width=9 height=9><animate attributeName="href" dur=1s '
     'values="{u};{u}"/></image></svg>')
case('img in foreignObject', '<svg><foreignObject><img src="{u}"></foreignObject></svg>')
case('img that leaves svg', '<svg><g><img src="{u}">')
case('img in math', '<math><mtext><img src="{u}"></mtext></math>')

# ---- Templates, noscript, AMP.
case('template', '<template><img src="{u}"></template>', follows=False)
case('template that is cloned', '<template id=t><img src="{u}"></template><script>document.body.appendChild('
     'document.getElementById("t").content.cloneNode(true))</script>')
case('template that becomes a shadow root', '<div><template shadowrootmode=open><img src="{u}"></template></div>')
case('img behind a template that holds columns', '<template><col><textarea></template><img src="{u}">')
case('img behind a template that ends svg', '<template><svg></template><![CDATA[><img src="{u}">]]>')
case('noscript while scripts run', '<noscript><img src="{u}"></noscript>', follows=False)
case('noscript', '<noscript><img src="{u}" width=1 height=1></noscript>', scripting=False)
case('noscript with a frame', '<noscript><iframe src="{u}.html" height=0 width=0></iframe></noscript>', scripting=False)
case('noscript with a comment in it', '<noscript><!-- </noscript> --><img src="{u}"></noscript>', scripting=False)
head('noscript in head', '<noscript><link rel=stylesheet href="{u}.css"></noscript>', scripting=False)
head('noscript in head with an image', '<noscript><img src="{u}"></noscript>', scripting=False)
head('noscript in head with a style', '<noscript><style>@import "{u}.css";</style></noscript>', scripting=False)
head('noscript with a refresh', '<noscript><meta http-equiv=refresh content="0;url={u}.html"></noscript>',
     scripting=False)
case('img without scripts', '<img src="{u}">', scripting=False)
case('amp-pixel', '<amp-pixel src="{u}" layout=nodisplay></amp-pixel>', follows=False)

# ---- Fields of the response.
case('Link: preload', fields='Link: <{u}>; rel=preload; as=image')
case('Link: preload, the second of two', fields='Link: </a.css>; rel=preload; as=style, <{u}.css>; as=style; rel="preload"')
case('Link: preconnect', fields='Link: <https://{h}>; rel=preconnect')
case('Link: modulepreload', fields='Link: <{u}.js>; rel=modulepreload')
case('Refresh', fields='Refresh: 0; url={u}.html')
case('Content-Security-Policy: report-uri', '<img src="/a.gif">',
     fields="Content-Security-Policy: img-src 'none'; report-uri {u}")
case('Content-Security-Policy-Report-Only', '<img src="/a.gif">',
     fields="Content-Security-Policy-Report-Only: img-src 'none'; report-uri {u}")
case('Report-To', fields='Report-To: {"group":"g","max_age":100,"endpoints":[{"url":"{u}"}]}\n'
     'NEL: {"report_to":"g","max_age":100}\nReporting-Endpoints: e="{u}"', follows=False)

case('Speculation-Rules', fields='Speculation-Rules: "{u}.json"')

# ---- Base.
head('base', '<base href="https://{h}/x/"><link rel=stylesheet href="{p}.css">')
case('base and an image', head='<base href="//{h}/">', body='<img src="{p}">')
case('a second base', head='<base href="/own/"><base href="https://{h}/">', body='<img src="{p}">', follows=False)
case('base in the body', '<base href="https://{h}/"><img src="{p}">')

case('base without address before base', head='<base target=_self><base href="//{h}/">', body='<img src="{p}">')
case('base behind a base that is no URL', head='<base href="https://::/"><base href="https://{h}/">'
     '<link rel=stylesheet href="{p}.css">', follows=False)
case('base behind a base of svg', '<svg><base href="/own/"></base></svg><base href="https://{h}/"><img src="{p}">')
case('base behind a base in a template', head='<template><base href="/own/"></template><base href="https://{h}/">',
     body='<img src="{p}">')
case('base behind a base in a noscript', head='<noscript><base href="/own/"></noscript><base href="https://{h}/">',
     body='<img src="{p}">')
case('base behind a base in a textarea', '<textarea><base href="/own/"></textarea><base href="https://{h}/">'
     '<img src="{p}">')

# ---- How addresses are written.
case('address: without scheme', '<img src="//{h}/{p}">')
case('address: upper case', '<img src="HTTPS://{p}.TRACKER.EXAMPLE/{p}">')
case('address: references', '<img src="https&colon;&sol;&#47;{p}.track&#101;r&period;ex&#x61mple/{p}">')
case('address: references without semicolon', '<img src="https://{p}.tracker&#46example/{p}">')
case('address: TAB', '<img src="https://{p}.tra\tcker.exa\tmple/{p}">')
case('address: line ends', '<img src="ht\ntps://{p}.tra\r\ncker.example\n/{p}">')
case('address: TAB and line end as references', '<img src="https:/&Tab;/{p}.tra&NewLine;cker&#13;.example/{p}">')
case('address: blanks around', '<img src=" \n\x01 https://{h}/{p} \x1f ">')
case('address: backslashes', '<img src="https:\\\\{h}\\{p}">')
case('address: backslashes without scheme', '<img src="\\\\{h}/{p}">')
case('address: slash and backslash', '<img src="/\\{h}/{p}">')
case('address: too many slashes', '<img src="https://///{h}/{p}">')
head('address: user and password', '<link rel=preconnect href="https://www.example.com:x@{h}/">')
case('address: port', '<img src="https://{h}:443/{p}">')
case('address: another port', '<img src="https://{h}:8443/{p}">')
case('address: dot behind the host', '<img src="https://{h}./{p}">')
case('address: percent in the host', '<img src="https://{p}.tr%61cker%2Eexample/{p}">')
case('address: full width letters', '<img src="https://{p}.ｔｒａｃｋｅｒ.example/{p}">')
case('address: ideographic full stops', '<img src="https://{p}。tracker。example/{p}">')
case('address: soft hyphen', '<img src="https://{p}.tra\u00adcker.example/{p}">')
case('address: letters beyond ASCII', '<img src="https://{p}.bücher.example/{p}">')
case('address: letters beyond ASCII, upper case', '<img src="https://{p}.BÜCHER.example/{p}">')
case('address: letters beyond ASCII as references', '<img src="https://{p}.b&uuml;cher.example/{p}">')
case('address: zero width space', '<img src="https://{p}.tra\u200bcker.example/{p}">')
case('address: mathematical letters', '<img src="https://{p}.\U0001d42d\U0001d42backer.example/{p}">')
case('address: percent for an ideographic full stop', '<img src="https://{p}%E3%80%82tracker.example/{p}">')
case('address: another scheme without slashes', '<img src="http:{h}/{p}">')
case('address: path with dots', '<img src="https://{h}/x/../y/./%2e%2e/{p}">')
case('address: query and fragment', '<img src="https://{h}?x=/{p}#f">')
case('address: within svg', '<svg width=9 height=9><image href="HTTPS:\\\\{h}/{p}" width=9 height=9 /></svg>')

# ---- How markup is written.
case('markup: no quotes', '<img src={u}>')
case('markup: single quotes and blanks', "<img\nsrc\t=\n'{u}'\n>")
case('markup: upper case', '<IMG SRC="{u}">')
case('markup: slashes between', '<img/alt="x"/src="{u}"/>')
case('markup: no blank between attributes', '<img alt="x"src="{u}"title=y>')
case('markup: > in an attribute', '<img alt="a>b" title=\'</p>\' src="{u}">')
case('markup: twice, the first counts', '<img src="{u}" src="/a.gif">')
case('markup: twice, the second does not', '<img src="/a.gif" src="{u}">', follows=False)
case('markup: NUL in another attribute', '<img al\x00t=x src="{u}">')
case('markup: = in a name', '<img =x ="y" src="{u}">')
case('markup: behind <!-->', '<!--><img src="{u}">')
case('markup: behind <!--->', '<!---><img src="{u}">')
case('markup: behind --!>', '<!-- x --!><img src="{u}">')
case('markup: behind a bogus comment', '<!x "><img src="{u}"> -->')
case('markup: behind <?', '<?php echo 1 > 2; ?><img src="{u}">')
case('markup: in a comment', '<!-- <img src="{u}"> -->', follows=False)
case('markup: in CDATA outside of svg', '<div><![CDATA[<img src="{u}">]]></div>', follows=False)
case('markup: behind CDATA outside of svg', '<div><![CDATA[>]]><img src="{u}"></div>')
case('markup: in CDATA within svg', '<svg><![CDATA[<img src="{u}">]]></svg>', follows=False)
case('markup: behind CDATA within svg', '<svg><![CDATA[ <!-- ]]><image href="{u}" width=9 height=9 /></svg>')
case('markup: style within svg', '<svg><style><img src="{u}"></style>')
case('markup: title within svg', '<svg><title><img src="{u}"></title></svg>')
case('markup: in textarea', '<textarea><img src="{u}"></textarea>', follows=False)
case('markup: behind textarea', '<textarea><!-- </textarea><img src="{u}">')
case('markup: behind xmp', '<xmp><!-- <img src=x> </xmp><img src="{u}">')
case('markup: in plaintext', '<plaintext><img src="{u}">', follows=False)
case('markup: behind a script with a comment', '<script><!-- <script> </script> --></script><img src="{u}">')
case('markup: in a script with a comment', '<script><!-- <script></script><img src="{u}"> --></script>', follows=False)
case('markup: script within select', '<select><option>1<script src="{u}.js"></script></select>')
case('markup: img within select', '<select><option><img src="{u}"></select>', follows=False)
case('markup: in a table', '<table><tr><img src="{u}"><td>x</table>')
case('markup: behind </html>', '</body></html><img src="{u}">')
case('markup: before <html>', page='<img src="{u}"><!doctype html><html><head></head><body></body></html>')
case('markup: a name that ends otherwise', '<imgx src="{u}"></imgx><img\x0csrc="{u}">')
case('markup: end of the page within a tag', '<p>x</p><img src="{u}"', follows=False)
case('markup: end tag of script with attributes', '<script>x = 1</script a="<!--"><img src="{u}">')
case('markup: a long attribute in front', '<img alt="%s" src="{u}">' % ('x' * 40000))
case('markup: many attributes in front', '<img %s src="{u}">' % ' '.join(f'a{i}=b' for i in range(3000)))

# ---- How pages come.
case('page: type with a blank behind it', '<img src="{u}">', type='text/html x')
case('page: type with a comment', '<img src="{u}">', type='text/html(x)')
case('page: gzip', '<img src="{u}">', coding='gzip')
case('page: without type', '<img src="{u}">', type='text/html')
case('page: windows-1251', '<p>лампа</p><img src="{u}">', type='text/html; charset=windows-1251', charset='cp1251')
case('page: ISO-8859-1 with letters beyond ASCII in a host', '<img src="https://{p}.bücher.example/{p}">',
     type='text/html; charset=iso-8859-1', charset='latin-1')
case('page: ISO-8859-1 with such a host in a script', '<script>new Image().src = "https://{p}.bücher.example/{p}"</script>',
     type='text/html; charset=iso-8859-1', charset='latin-1')
case('page: ISO-8859-1 with such a host in a style', '<style>body{background:url(//{p}.bücher.example/{p})}</style>',
     type='text/html; charset=iso-8859-1', charset='latin-1')
case('page: ISO-8859-1 with such a host in a base', '<base href="//{p}.bücher.example/"><img src="{p}">',
     type='text/html; charset=iso-8859-1', charset='latin-1')
case('page: windows-1252 by meta with such a host', page='<!doctype html><meta charset=windows-1252><title>ü</title>'
     '<img src="https://{p}.bücher.example/{p}">', type='text/html', charset='latin-1')
case('page: no encoding told, with such a host', page='<!doctype html><title>ü</title>'
     '<img src="https://{p}.bücher.example/{p}">', type='text/html', charset='latin-1')
case('page: UTF-8 by meta with such a host', page='<!doctype html><title>t</title><meta charset=utf-8>'
     '<img src="https://{p}.bücher.example/{p}">', type='text/html')
case('page: windows-1252, UTF-8 by a mark, with such a host', '\ufeff<img src="https://{p}.bücher.example/{p}">',
     type='text/html; charset=windows-1252')
case('page: data URL in ISO-8859-1 with such a host',
     '<iframe src="data:text/html;charset=iso-8859-1,<img src=https://{p}.b%FCcher.example/{p}>"></iframe>')
case('page: GBK with ideographic full stops in a host', '<img src="https://{p}。tracker。example/{p}">',
     type='text/html; charset=gbk', charset='gbk')
case('page: Shift_JIS with full width letters in a host', '<img src="https://{p}.ｔｒａｃｋｅｒ.example/{p}">',
     type='text/html; charset=shift_jis', charset='shift_jis')
case('page: windows-1251 by meta', page='<!doctype html><meta charset=windows-1251><title>лампа</title><img src="{u}">',
     type='text/html', charset='cp1251')
case('page: ISO-2022-JP', '<p title="日本\'>">x</p><img src="{u}">', type='text/html; charset=iso-2022-jp',
     charset='iso2022_jp', follows=False)
case('page: ISO-2022-JP by meta', page='<!doctype html><meta charset=iso-2022-jp><title>t</title><p title="日本">x</p>'
     '<img src="{u}">', type='text/html', charset='iso2022_jp', follows=False)
case('page: Shift_JIS', '<p title="表能ソ">表</p><img alt="表" src="{u}">', type='text/html; charset=shift_jis',
     charset='shift_jis')
case('page: GBK', '<p title="乗乗">乗</p><img alt="乗" src="{u}">', type='text/html; charset=gbk', charset='gbk')
case('page: UTF-16 by a mark', '<img src="{u}">', type='text/html', charset='utf-16', follows=False)
case('page: UTF-8 with a mark', '\ufeff<img src="{u}">')
case('page: UTF-16', '<img src="{u}">', type='text/html; charset=utf-16le', charset='utf-16-le', follows=False)
case('page: XHTML', type='application/xhtml+xml', page='<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title>'
     '</head><body><img alt="" src="{u}"/></body></html>')
case('page: XHTML with a script in CDATA', type='application/xhtml+xml',
     page='<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title><script><![CDATA[new Image().src="{u}"]]>'
     '</script></head><body/></html>')
case('page: XHTML with a script cut by an instruction', type='application/xhtml+xml',
     page='<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title><script>'
          'new Image().src="https://{p}.tra<?x?>cker.example/{p}"</script></head></html>')
case('page: XHTML with prefixes', type='application/xhtml+xml',
     page='<h:html xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>t</h:title><h:script>new Image().src="{u}"'
     '</h:script></h:head><h:body/></h:html>')
case('page: XHTML with an entity', type='application/xhtml+xml',
     page='<!DOCTYPE html [<!ENTITY t "{u}">]><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head>'
     '<body><img alt="" src="&t;"/></body></html>')
case('page: XHTML with a style sheet', type='application/xhtml+xml',
     page='<?xml version="1.0"?><?xml-stylesheet type="text/css" href="{u}.css"?><html '
     'xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body/></html>')
case('page: XHTML with a style sheet, otherwise written', type='application/xhtml+xml',
     page="<?xml-stylesheet\ttitle='>'  href\n=\n'https&#58;//{h}/{p}.css'   ?>"
     '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body/></html>')
case('page: XHTML with a style sheet in a data URL', type='application/xhtml+xml',
     page='<?xml-stylesheet href="data:text/css,@import url({u}.css)"?>'
     '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body/></html>')
case('page: XHTML behind a comment of XML', type='application/xhtml+xml',
     page='<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><!--> <p title=" --><img alt="" '
     'src="{u}"/></body></html>')
case('page: XHTML behind CDATA', type='application/xhtml+xml',
     page='<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><![CDATA[ a > b <!-- ]]><img alt="" '
     'src="{u}"/></body></html>')
case('page: XHTML behind an instruction', type='application/xhtml+xml',
     page='<?own > <!-- ?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><img alt="" '
     'src="{u}"/></body></html>')
case('page: XHTML with an attribute by default', type='application/xhtml+xml',
     page='<!DOCTYPE html [<!ATTLIST img src CDATA "{u}">]><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title>'
     '</head><body><img alt=""/></body></html>')
case('page: XHTML with a mask', type='application/xhtml+xml',
     page='<html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title></head><body><svg '
     'xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect mask="url({u})" width="9" height="9"/></svg></body>'
     '</html>')
case('page: XHTML in ISO-8859-1 with letters beyond ASCII in a host', type='application/xhtml+xml', charset='latin-1',
     page='<?xml version="1.0" encoding="ISO-8859-1"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title>'
     '</head><body><img alt="" src="https://{p}.bücher.example/{p}"/></body></html>')
