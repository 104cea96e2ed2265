package edit

import (
	"bytes"
	"strings"
)

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
func isBreak(c byte) bool { return c == '\n' || c == '\r' }

// nextContent skips blanks, line breaks and comments.
func (b *builder) nextContent(at int) int {
	for at < len(b.raw) {
		switch c := b.raw[at]; {
		case isBlank(c), isBreak(c):
			at++
		case c == '#':
			at = b.lineEnd(at)
		default:
			return at
		}
	}
	return at
}

// wordEnd returns where an anchor, an alias or a tag ends.
func (b *builder) wordEnd(at int) int {
	for at < len(b.raw) && !isBlank(b.raw[at]) && !isBreak(b.raw[at]) && !strings.ContainsRune(",[]{}", rune(b.raw[at])) {
		at++
	}
	return at
}

// propertiesEnd returns where the anchor and the tag at this position end, the position itself if there are none.
func (b *builder) propertiesEnd(at int) int {
	end := at
	for at < len(b.raw) && (b.raw[at] == '&' || b.raw[at] == '!') {
		end = b.wordEnd(at)
		at = b.nextContent(end)
	}
	return end
}

// skipProperties returns where the content after anchor and tag begins.
func (b *builder) skipProperties(at int) int {
	end := b.propertiesEnd(at)
	if end == at {
		return at
	}
	return b.nextContent(end)
}

// quotedEnd returns where a scalar in quotes ends.
func (b *builder) quotedEnd(at int) int {
	quote := b.raw[at]
	for at++; at < len(b.raw); at++ {
		switch {
		case quote == '"' && b.raw[at] == '\\':
			at++
		case b.raw[at] != quote:
		case quote == '\'' && at+1 < len(b.raw) && b.raw[at+1] == quote:
			at++
		default:
			return at + 1
		}
	}
	return len(b.raw)
}

// plainEnd returns where a scalar without quotes ends, which may have several lines.
func (b *builder) plainEnd(at, parentIndent int, inFlow bool) int {
	end := at
	for at < len(b.raw) {
		c := b.raw[at]
		switch {
		case c == '#' && at > 0 && isBlank(b.raw[at-1]):
			return end
		case inFlow && strings.IndexByte(",[]{}", c) >= 0:
			return end
		case c == ':' && b.endsKey(at+1, inFlow):
			return end
		case isBreak(c):
			for at < len(b.raw) && (isBlank(b.raw[at]) || isBreak(b.raw[at])) {
				at++
			}
			if at >= len(b.raw) || b.raw[at] == '#' || !inFlow && b.column(at) <= parentIndent {
				return end
			}
			continue
		}
		at++
		if !isBlank(c) {
			end = at
		}
	}
	return end
}

// endsKey says whether a colon in front of this position ends a key.
func (b *builder) endsKey(at int, inFlow bool) bool {
	return at >= len(b.raw) || isBlank(b.raw[at]) || isBreak(b.raw[at]) ||
		inFlow && strings.IndexByte(",[]{}", b.raw[at]) >= 0
}

// blockScalarEnd returns where a literal or folded scalar ends: behind its last line, and behind the blank lines that
// follow if the scalar keeps them.
func (b *builder) blockScalarEnd(at, parentIndent int) int {
	header := b.header(at)
	keep := strings.Contains(header, "+")
	indent := -1
	if digit := strings.IndexAny(header, "123456789"); digit >= 0 {
		indent = max(parentIndent, 0) + int(header[digit]-'0')
	}
	end := at + len(header)
	last := b.lineEnd(end)
	for last < len(b.raw) {
		start := b.afterBreak(last)
		last = b.lineEnd(start)
		line := b.raw[start:last]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		if spaces == len(line) && (indent < 0 || spaces < indent) {
			if keep && (last < len(b.raw) || spaces > 0) {
				end = last
			}
			continue
		}
		if indent < 0 {
			indent = max(spaces, parentIndent+1)
		}
		if spaces < indent {
			return end
		}
		end = last
	}
	return end
}

// header returns the first word of a block scalar, such as |2-.
func (t *text) header(at int) string {
	end := at
	for end < len(t.raw) && !isBlank(t.raw[end]) && !isBreak(t.raw[end]) {
		end++
	}
	return string(t.raw[at:end])
}

// afterBreak returns the start of the line after the one that ends at this position.
func (b *builder) afterBreak(end int) int {
	if end < len(b.raw) && b.raw[end] == '\r' {
		end++
	}
	return min(end+1, len(b.raw))
}
