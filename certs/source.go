package certs

import (
	"crypto/tls"
	"errors"
	"sync/atomic"
)

// Source gives a TLS server its serving pair.
type Source interface {
	// GetCertificate returns the pair to serve now. It fits
	// tls.Config.GetCertificate; the argument is not looked at and may be nil.
	// The error says, for people, what the source is waiting for; it is returned
	// exactly as long as there has never been a good pair. The result is shared
	// and must not be changed. It may be called concurrently and never blocks.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// errNoPair is what a source says before it has looked for its pair.
var errNoPair = errors.New("no serving pair was read yet")

// holder keeps the pair of a source. Its zero value holds none. All methods may
// be called concurrently.
type holder struct {
	pair    atomic.Pointer[Pair]
	missing atomic.Pointer[error]
}

// GetCertificate implements [Source].
func (h *holder) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if pair := h.pair.Load(); pair != nil {
		return pair.Certificate, nil
	}
	if err := h.missing.Load(); err != nil {
		return nil, *err
	}
	return nil, errNoPair
}

// adopt makes pair the one that is served. It returns false when the very same
// pair is served already.
func (h *holder) adopt(pair *Pair) bool {
	if pair.equal(h.pair.Load()) {
		return false
	}
	h.pair.Store(pair)
	return true
}

// refuse notes why there is no pair yet. A pair that is held stays.
func (h *holder) refuse(err error) {
	h.missing.Store(&err)
}
