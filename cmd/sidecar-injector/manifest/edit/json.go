package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// parseJSON returns the tree of a JSON object.
func parseJSON(raw []byte) (*node, error) {
	p := &jsonParser{raw: raw, decoder: json.NewDecoder(bytes.NewReader(raw))}
	p.decoder.UseNumber()
	n, _, err := p.value()
	if err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	return n, nil
}

// jsonParser makes nodes of what the JSON decoder says, which knows where a token ends.
type jsonParser struct {
	raw     []byte
	decoder *json.Decoder
}

// token returns the next token and where it begins and ends.
func (p *jsonParser) token() (token json.Token, start, end int, err error) {
	start = int(p.decoder.InputOffset())
	token, err = p.decoder.Token()
	for start < len(p.raw) && bytes.IndexByte([]byte(" \t\r\n,:"), p.raw[start]) >= 0 {
		start++
	}
	return token, start, int(p.decoder.InputOffset()), err
}

func (p *jsonParser) value() (*node, json.Token, error) {
	token, start, end, err := p.token()
	if err != nil {
		return nil, nil, err
	}
	n := &node{flow: true, start: start, body: start, end: end}
	switch token {
	case json.Delim('{'):
		n.kind = mappingNode
	case json.Delim('['):
		n.kind = sequenceNode
	default:
		return n, token, nil
	}
	for p.decoder.More() {
		var e entry
		if n.kind == mappingNode {
			key, name, err := p.value()
			if err != nil {
				return nil, nil, err
			}
			e.key, e.start = key, key.start
			e.name, _ = name.(string)
		}
		if e.value, _, err = p.value(); err != nil {
			return nil, nil, err
		}
		e.after = e.value.start
		if e.key == nil {
			e.start = e.value.start
		}
		n.entries = append(n.entries, e)
	}
	_, _, n.end, err = p.token()
	return n, nil, err
}
