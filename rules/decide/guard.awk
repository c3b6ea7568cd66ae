# guard.awk: guard.js, made smaller, as the C array guard_script[] on standard output.
#
# Drops lines of comment and blanks that separate nothing, and gives everything that the script declares a name of one
# or two letters. It knows only as much of JavaScript as guard.js uses; what guard.js must keep to stands at its head.

function is_word(c)
{
	return c ~ /[A-Za-z0-9_$]/
}

function is_name(s)
{
	return s ~ /^[A-Za-z_$]/
}

# Adds a token; tight: the next octet is a ':' that makes it the key of an object.
function add(text, tight)
{
	token[++n] = text
	key[n] = tight
}

# The length of the string or regular expression at the front of s.
function quoted(s,    quote, i, c, class)
{
	quote = substr(s, 1, 1)
	for (i = 2; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "\\")
			i++
		else if (quote == "/" && c == "[")
			class = 1
		else if (class && c == "]")
			class = 0
		else if (c == quote && !class)
			return i
	}
	print "guard.awk: line " NR ": a string has no end" >"/dev/stderr"
	failed = 1
	return i - 1
}

function tokens(s,    len)
{
	while (s != "") {
		len = 1
		if (match(s, /^[ \t]+/)) {
			s = substr(s, RLENGTH + 1)
			continue
		}
		if (match(s, /^[A-Za-z0-9_$]+/))
			len = RLENGTH
		else if (s ~ /^['"\/]/)
			len = quoted(s)
		else if (s ~ /^=>/)
			len = 2
		add(substr(s, 1, len), substr(s, len + 1, 1) == ":")
		s = substr(s, len + 1)
	}
}

function declare(name)
{
	if (is_name(name) && length(name) > 1 && !(name in short)) {
		short[name] = ""
		order[++names] = name
	}
}

# What stands behind const, let and function, and in front of an arrow.
function declarations(    i, j)
{
	for (i = 1; i <= n; i++) {
		if (token[i] == "const" || token[i] == "let")
			for (j = i + 1; token[j] ~ /^[\[\],]$/ || is_name(token[j]) && token[j] !~ /^(of|in)$/; j++)
				declare(token[j])
		else if (token[i] == "function")
			for (j = i + 1; token[j] != ")"; j++)
				declare(token[j])
		else if (token[i] == "=>" && is_name(token[i - 1]))
			declare(token[i - 1])
		else if (token[i] == "=>" && token[i - 1] == ")")
			for (j = i - 2; token[j] != "("; j--)
				declare(token[j])
	}
}

function shorten(    letters, i, at, name)
{
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for (i = 1; i <= n; i++)
		taken[token[i]] = 1
	for (i = 1; i <= names; i++) {
		do {
			name = substr(letters, at % 52 + 1, 1) (at < 52 ? "" : at < 104 ? "_" : "$")
			at++
		} while (name in taken)
		short[order[i]] = name
	}
	for (i = 1; i <= n; i++)
		if (token[i] in short && token[i - 1] != "." && !key[i])
			token[i] = short[token[i]]
		else if (token[i] in short && token[i - 1] == "." && token[i - 2] == "." && token[i - 3] == ".")
			token[i] = short[token[i]]
}

function print_string(s,    i, c, line)
{
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		line = line (c ~ /["?\\]/ ? "\\" c : c)
		if (i % 96 == 0 || i == length(s)) {
			print "\t\"" line "\""
			line = ""
		}
	}
}

{
	sub(/^[ \t]+/, "")
}

$0 != "" && !/^\/\// {
	tokens($0)
}

END {
	declarations()
	shorten()
	for (i = 1; i <= n; i++) {
		if (is_word(substr(out, length(out))) && is_word(substr(token[i], 1, 1)))
			out = out " "
		out = out token[i]
	}
	print "/* Made by rules/decide/guard.awk from guard.js; do not edit. */"
	print "static const char guard_script[] ="
	print_string(out)
	print "\t;"
	if (failed)
		exit 1
}
