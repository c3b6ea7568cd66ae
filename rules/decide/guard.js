// The guard: stops what scripts of a page do beyond its purposes. First in head, in front of every other script.
//
// Called with the names of all purposes by bit (bit 0 is necessary, always granted), the names of cookies and the
// patterns of URLs in the order of the rules, and the mask of cookies that no rule names. In both lists a number is the
// mask of the entries that follow it. Entries (guard_data.c writes them):
//
//   "NAME"                               a cookie; "*" is anything
//   ["REGEX", "FLAGS"]                   a cookie
//   "PATTERN"                            a URL, in the syntax of filter lists, lower case, without options
//   ["PATTERN", 0, TYPES, OPTIONS]       a URL; types as in filter.h, 0 for the usual ones;
//   ["REGEX", "FLAGS", TYPES, OPTIONS]   options: 1 third party, 2 first party, 4 match-case
//
// guard.awk makes this smaller when it is built in: it drops lines of comment and blanks, and gives what is declared
// here names of one letter. For its sake: no comment behind code; no template strings; the key of an object stands
// directly in front of its ":" and never stands alone; the ":" of a condition has a blank in front of it; every
// statement ends with ";". ES2017.
//
// Nothing here may throw into the page: what the guard cannot do it leaves to the browser. The text must hold neither
// the end tag of a script nor the start of a comment.
(function (names, cookies, patterns, unnamed) {
'use strict';
try {
	const win = window;
	const doc = document;
	const script = doc.currentScript;
	const words = s => (s || '').split(/[\s,]+/).filter(String);
	const set = Element.prototype.setAttribute;
	const setHTML = Object.getOwnPropertyDescriptor(Element.prototype, 'innerHTML').set;

	let granted = 1;
	const admit = name => {
		const bit = names.indexOf(name);
		if (bit > 0)
			granted |= 1 << bit;
	};
	const isGranted = name => names.includes(name) && granted >>> names.indexOf(name) & 1;
	words(script.getAttribute('data-cg-guard')).forEach(admit);
	script.remove();

	// ---- Matching. Regular expressions are compiled when first needed; one that JavaScript refuses never matches.

	const lazy = make => {
		let regex;
		return s => {
			try {
				regex = regex || make();
			} catch (e) {
				regex = /[]/;
			}
			return regex.test(s);
		};
	};
	const literal = s => s.replace(/[\\^$.*+?()[\]{}|\/]/g, '\\$&');
	// What a match must hold is looked for first, so that most expressions are never compiled.
	const lazyBehind = (parts, make) => {
		const test = lazy(make);
		return s => parts.every(part => s.includes(part)) && test(s);
	};
	const compileCookie = x => {
		const parts = x.map ? [] : x.split('*');
		return parts.length == 1 ? s => s == x :
			lazyBehind(parts, () => x.map ? RegExp(x[0], x[1]) : RegExp('^' + parts.map(literal).join('[^]*') + '$'));
	};
	const glob = p => RegExp(literal(p)
		.replace(/\\\*/g, '.*')
		.replace(/\\\^/g, '(?:[^\\w.%\\x80-\\uffff-]|$)')
		.replace(/^\\\|\\\|/, '^[a-z]+://(?:[^/]*\\.)?')
		.replace(/^\\\|/, '^')
		.replace(/\\\|$/, '$'));
	const within = (a, b) => ('.' + a).endsWith('.' + b);
	const compileURL = x => {
		const [p, flags, types, options] = x.map ? x : [x, 0];
		const test = flags === 0 ? lazyBehind(p.split(/[*^|]+/), () => glob(p)) : lazy(() => RegExp(p, flags));
		return u => (types || 2047) & u.type && !(options & (u.third ? 2 : 1)) &&
			test(flags !== 0 || options & 4 ? u.text : u.lower);
	};
	const compile = (rules, how) => rules.map(x => x.toFixed ? x : how(x));
	const first = (rules, thing, otherwise) => {
		let mask;
		for (const x of rules)
			if (!x.call)
				mask = x;
			else if (x(thing))
				return mask;
		return otherwise;
	};
	cookies = compile(cookies, compileCookie);
	patterns = compile(patterns, compileURL);
	const cookieLacks = name => first(cookies, name, unnamed) & ~granted;
	const seen = new Map();
	const lacks = (value, type) => {
		let url;
		try {
			url = new URL(value, doc.baseURI);
		} catch (e) {
			return 0;
		}
		if (!/^(http|ws)s?:|^ftp:/.test(url.protocol))
			return 0;
		url.hash = url.username = url.password = '';
		const host = url.hostname = url.hostname.replace(/\.$/, '');
		const text = url.href;
		const key = type + text;
		if (seen.size > 999)
			seen.clear();
		if (!seen.has(key))
			seen.set(key, first(patterns, {
				text: text,
				lower: text.toLowerCase(),
				type: type,
				third: !within(host, location.hostname) && !within(location.hostname, host)
			}, 0));
		return seen.get(key) & ~granted;
	};

	// ---- Natives are wrapped in proxies, so that they keep their names, prototypes and looks. check(args, self) may
	// change args; if it returns an array, the native is not called and the first element is the result.

	const hook = (object, key, part, check) => {
		try {
			const d = Object.getOwnPropertyDescriptor(object, key);
			const run = (f, self, args, target) => {
				let answer;
				try {
					answer = check(args, self);
				} catch (e) {}
				return answer ? answer[0] : target ? Reflect.construct(f, args, target) : Reflect.apply(f, self, args);
			};
			d[part] = new Proxy(d[part], { apply: run, construct: (f, args, target) => run(f, f, args, target) });
			Object.defineProperty(object, key, d);
		} catch (e) {}
	};
	const proto = name => win[name] && win[name].prototype;

	// ---- Cookies. A deletion passes.

	const deletes = text => {
		let age, date;
		text.replace(/;\s*(?:max-age\s*=\s*(-?\d+)\s*(?=;|$)|expires\s*=\s*([^;]*))/gi, (m, a, d) => {
			if (a)
				age = +a;
			else
				date = Date.parse(d);
		});
		return age === undefined ? date <= Date.now() : age <= 0;
	};
	const setCookie = args => {
		const text = args[0] = String(args[0]);
		const pair = /^[ \t]*([^;=]*?)[ \t]*=/.exec(text);
		return !deletes(text) && cookieLacks(pair ? pair[1] : '') && [];
	};
	hook(proto('Document'), 'cookie', 'set', setCookie);
	hook(proto('HTMLDocument'), 'cookie', 'set', setCookie);
	hook(proto('CookieStore'), 'set', 'value', args => {
		const o = args[0].name ? args[0] : { name: args[0] };
		return !(o.expires && o.expires <= Date.now()) && cookieLacks(String(o.name)) && [Promise.resolve()];
	});

	// ---- Requests: a denied one fails as on a broken network; a beacon is taken and forgotten.

	const fetched = (x, type) => lacks(x.url || x, type);
	hook(win, 'fetch', 'value', args => fetched(args[0], 32) && [Promise.reject(TypeError('Failed to fetch'))]);
	hook(win, 'fetchLater', 'value', args => fetched(args[0], 256) && [{ activated: false }]);
	hook(proto('Navigator'), 'sendBeacon', 'value', args => lacks(args[0], 256) && [true]);
	hook(win, 'EventSource', 'value', args => {
		if (lacks(args[0], 32))
			args[0] = 'data:,';
	});
	hook(win, 'WebSocket', 'value', args => {
		if (lacks(args[0], 512))
			args[0] = 'wss://denied.invalid:1/';
	});
	const opened = new WeakMap();
	hook(proto('XMLHttpRequest'), 'open', 'value', (args, xhr) => {
		delete xhr.readyState;
		opened.set(xhr, { mask: lacks(args[1], 32), wait: args.length < 3 || args[2] });
	});
	hook(proto('XMLHttpRequest'), 'send', 'value', (args, xhr) => {
		const o = opened.get(xhr);
		if (!(o.mask & ~granted))
			return;
		const end = () => {
			Object.defineProperty(xhr, 'readyState', { value: 4, configurable: true });
			for (const type of ['readystatechange', 'error', 'loadend'])
				xhr.dispatchEvent(new ProgressEvent(type));
		};
		if (o.wait)
			setTimeout(end);
		else
			end();
		return [];
	});

	// ---- Elements: a denied URL is kept in data-cg-NAME, and data-cg says what it lacks.

	const carriers = {
		script: [1, 'src', 'href'],
		img: [2, 'src', 'srcset'],
		image: [2, 'href'],
		input: [2, 'src'],
		iframe: [16, 'src'],
		frame: [16, 'src'],
		link: [2047, 'href', 'imagesrcset'],
		video: [64, 'src', 'poster'],
		audio: [64, 'src'],
		source: [66, 'src', 'srcset'],
		track: [64, 'src'],
		embed: [8, 'src'],
		object: [8, 'data'],
		a: [256, 'ping'],
		area: [256, 'ping']
	};
	const held = new Map();
	// name: lower case, without a prefix.
	const elementLacks = (el, name, value) => {
		const c = carriers[el.localName] || [];
		if (!c.includes(name))
			return 0;
		const all = /set$|ping/.test(name) ? String(value).match(/[^\s,]\S*/g) || [] : [String(value)];
		return all.reduce((mask, url) => mask | lacks(url.replace(/,+$/, ''), c[0]), 0);
	};
	const mark = (el, name, value, mask) => {
		const before = words(el.getAttribute('data-cg'));
		set.call(el, 'data-cg-' + name, value);
		set.call(el, 'data-cg', names.filter((n, i) => i && (mask >>> i & 1 || before.includes(n))).join(' '));
	};
	const setURL = (el, name, value) => {
		const mask = elementLacks(el, name, value);
		const kept = held.get(el);
		if (mask) {
			mark(el, name, value, mask);
			if (kept || held.size < 500)
				held.set(el, Object.assign(kept || {}, { [name]: value }));
			// Who waits for a script or an image is told, as by the network.
			if (carriers[el.localName][0] < 3)
				setTimeout(() => el.dispatchEvent(new Event('error')));
			return [];
		}
		if (kept)
			el.removeAttribute('data-cg-' + name);
	};
	for (const tag in carriers)
		for (const name of carriers[tag].slice(1)) {
			const property = name.replace('es', 'eS');
			let p = doc.createElement(tag);
			while (p && !p.hasOwnProperty(property))
				p = Object.getPrototypeOf(p);
			hook(p, property, 'set', (args, el) => setURL(el, name, args[0]));
		}
	const named = at => (args, el) => {
		const name = String(args[at]).toLowerCase().replace('xlink:', '');
		if (name == 'srcdoc')
			args[at + 1] = tame(args[at + 1], true);
		else if (carriers[el.localName])
			return setURL(el, name, args[at + 1]);
	};
	hook(Element.prototype, 'setAttribute', 'value', named(0));
	hook(Element.prototype, 'setAttributeNS', 'value', named(1));

	// ---- HTML from scripts: only the tags that hold a denied URL are written anew. live: its scripts would run.

	const rest = '(?=[\\s/>])(?:[^>"\']|"[^"]*"|\'[^\']*\')*>';
	const tags = RegExp('<!-{2}[^]*?-->|(<script' + rest + ')([^]*?)(?=<\\/script)|<(?:' +
		Object.keys(carriers).join('|') + ')' + rest, 'gi');
	const tame = (value, live) => {
		// What Trusted Types made must stay what it is.
		if (value && value.toJSON)
			return value;
		const html = String(value);
		const out = html.replace(tags, (whole, open, text) => {
			const tag = open || whole;
			if (!/\s(src|href|data|poster|ping|imagesrc)/i.test(tag) || (!live && /^<scr/i.test(tag)))
				return whole;
			const holder = doc.createElement('template');
			setHTML.call(holder, tag);
			const el = holder.content.firstElementChild;
			const now = el.outerHTML;
			for (const a of [...el.attributes]) {
				const mask = elementLacks(el, a.name, a.value);
				if (mask) {
					el.removeAttribute(a.name);
					mark(el, a.name, a.value, mask);
				} else if (a.name == 'srcdoc')
					a.value = tame(a.value, true);
			}
			if (el.outerHTML == now)
				return whole;
			if (el.localName == 'script') {
				if (el.type)
					set.call(el, 'data-cg-type', el.type);
				el.type = 'text/plain';
			}
			return el.outerHTML.replace(/<\/[^>]*>$/, '') + (open ? text : '');
		});
		return out == html ? value : out;
	};
	const sink = (object, key, part, at, live) => hook(object, key, part, (args, el) => {
		if (!/^(script|style|textarea|title|xmp)$/.test(el.localName))
			args[at] = tame(args[at], live);
	});
	sink(Element.prototype, 'innerHTML', 'set', 0);
	sink(Element.prototype, 'outerHTML', 'set', 0);
	sink(Element.prototype, 'insertAdjacentHTML', 'value', 1);
	sink(Element.prototype, 'setHTMLUnsafe', 'value', 0);
	sink(proto('ShadowRoot'), 'innerHTML', 'set', 0);
	sink(proto('HTMLIFrameElement'), 'srcdoc', 'set', 0, true);
	sink(proto('Range'), 'createContextualFragment', 'value', 0, true);
	sink(proto('DOMParser'), 'parseFromString', 'value', 0);
	let running;
	const write = args => {
		const html = tame(args.length == 1 ? args[0] : args.join(''), true);
		if (running)
			return [running.before(doc.createRange().createContextualFragment(html))];
		args.splice(0, 9, html);
	};
	hook(proto('Document'), 'write', 'value', write);
	hook(proto('Document'), 'writeln', 'value', write);

	// ---- Consent that comes while the page is open.

	// from: as the proxy (rewriter_tag.c) or mark() left it.
	const restore = (from, to) => {
		const kept = held.get(from);
		held.delete(from);
		from.removeAttribute('data-cg');
		if (!kept && /^s(cript|tyle)$/.test(from.localName))
			from.removeAttribute('type');
		for (const a of [...from.attributes]) {
			const name = a.name.replace('data-cg-', '');
			if (name != a.name)
				from.removeAttribute(a.name);
			if (name == 'hidden' && name != a.name) {
				from.removeAttribute(name);
				const shown = from.previousElementSibling;
				if (shown && shown.matches('[data-cg-placeholder]'))
					shown.remove();
			} else if (to != from || name != a.name)
				to.setAttribute(name.replace('xlink:', ''), kept && kept[name] || a.value);
		}
		// Style sheets are read again when their text changes.
		if (from.localName == 'style')
			from.append('');
	};
	// A script runs once in its life, so another takes its place. Scripts wait for those in front of them.
	const rerun = old => new Promise(done => {
		const el = doc.createElementNS(old.namespaceURI, 'script');
		const nonce = old.nonce;
		restore(old, el);
		el.nonce = nonce;
		el.async = el.hasAttribute('async');
		el.textContent = old.textContent;
		const src = el.getAttribute('src') || el.getAttribute('href');
		const waits = src && !el.async && /^$|script|module/i.test(el.type);
		if (waits)
			el.onload = el.onerror = done;
		running = src ? 0 : el;
		old.replaceWith(el);
		running = 0;
		if (!waits)
			done();
	});
	let chain = Promise.resolve();
	const activate = () => {
		for (const el of new Set([...doc.querySelectorAll('[data-cg]'), ...held.keys()]))
			if (words(el.getAttribute('data-cg')).every(isGranted))
				if (el.localName == 'script' && !held.has(el)) {
					el.removeAttribute('data-cg');
					chain = chain.then(() => rerun(el)).catch(() => {});
				} else
					try {
						restore(el, el);
					} catch (e) {}
	};
	// "Show once" of a placeholder (rules/pages/placeholder.c): what stands behind it, as long as the page is open.
	doc.addEventListener('click', e => {
		const before = granted;
		try {
			const el = e.target.matches('[data-cg-once]') && e.target.closest('[data-cg-placeholder]').nextElementSibling;
			if (el && el.matches('[data-cg-hidden]')) {
				e.preventDefault();
				words(el.getAttribute('data-cg')).forEach(admit);
				restore(el, el);
			}
		} catch (e) {}
		granted = before;
	});
	const api = win.crumbgate = win.crumbgate || {};
	api.granted = () => names.filter((n, i) => i && granted >>> i & 1);
	api.grant = (...list) => {
		const before = granted;
		[].concat(...list).forEach(admit);
		activate();
		if (doc.readyState == 'loading')
			doc.addEventListener('DOMContentLoaded', activate);
		if (granted != before)
			doc.dispatchEvent(new CustomEvent('crumbgate:consent', { detail: { granted: api.granted() } }));
	};
} catch (e) {}
})
