// Reads lines "HEX(input) [HEX(base)]" and prints what another URL parser makes of each, in the form of web_url_lines.c:
// the npm package whatwg-url, the standard's own reference implementation, if node finds it, else node's URL.
'use strict';
let Parser = URL, name = 'node';
try {
	Parser = require('whatwg-url').URL;
	name = 'whatwg-url';
} catch (e) { /* node's own then */ }
const network = ['http:', 'https:', 'ws:', 'wss:', 'ftp:'];
const unhex = (s) => Buffer.from(s, 'hex').toString('utf8');

function answer(line) {
	const [input, base] = line.split(' ');
	let u;
	try {
		u = base === undefined ? new Parser(unhex(input)) : new Parser(unhex(input), unhex(base));
	} catch (e) {
		return '!';
	}
	if (!network.includes(u.protocol))
		return u.protocol;
	const host = u.hostname === '.' ? '.' : u.hostname.replace(/\.$/, '');
	let path = u.pathname + (u.search || (u.href.split('#')[0].endsWith('?') ? '?' : ''));
	if (name === 'node') // does not encode '^' in paths yet
		path = path.replace(/^[^?]*/, (p) => p.replace(/\^/g, '%5E'));
	return u.protocol + '//' + host + (u.port ? ':' + u.port : '') + path;
}

const lines = require('fs').readFileSync(0, 'latin1').split('\n').filter((l) => l);
console.log(name);
for (const line of lines)
	console.log(answer(line));
