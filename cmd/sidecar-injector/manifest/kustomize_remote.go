package manifest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
)

// gitProtocols is the variable that tells git which protocols it may speak. The protocols that this program lets it are
// those that run nothing here; somebody's own list wins.
const (
	gitProtocols     = "GIT_ALLOW_PROTOCOL"
	remoteProtocols  = "http:https:ssh"
	noRemoteProtocol = "none"
)

// The ways to name a repository, besides an http or https URL; git:: in front of them means nothing to kustomize. A host
// may follow a user.
var (
	repositoryURL = regexp.MustCompile(`(?is)^(git::)*((ssh|https?|file)://|github\.com[/:])`)
	repositorySCP = regexp.MustCompile(`(?is)^(git::)*[a-z][a-z0-9-]*@[^/:]*[/:].*(/|\.git)`)
	optionAsHost  = regexp.MustCompile(`(?is)^(git::)*([a-z]+://)?([^@/]*@)?-`)
)

// checkRemote returns an error if a target of kustomize's is fetched from elsewhere and may not be, or would make git
// take a ref or a host for an option, with which it runs any command.
func checkRemote(target string, allowRemote bool) error {
	parsed, err := url.Parse(target)
	if (err != nil || parsed.Scheme != "http" && parsed.Scheme != "https") &&
		!repositoryURL.MatchString(target) && !repositorySCP.MatchString(target) {
		return nil
	}
	address, query, _ := strings.Cut(target, "?")
	values, _ := url.ParseQuery(query)
	for _, ref := range slices.Concat(values["ref"], values["version"]) {
		if strings.HasPrefix(ref, "-") {
			return fmt.Errorf("%q: the ref %q begins with \"-\": git would take it for an option", target, ref)
		}
	}
	if plain, err := url.PathUnescape(address); optionAsHost.MatchString(address) || err == nil && optionAsHost.MatchString(plain) {
		return fmt.Errorf("%q: the host begins with \"-\": ssh would take it for an option", target)
	}
	if !allowRemote {
		return errRemote(target)
	}
	return nil
}

func errRemote(target string) error {
	return fmt.Errorf("%q is fetched from elsewhere: this is refused without --allow-remote", target)
}

// limitGit limits the protocols of the git that kustomize runs: to none where nothing may be fetched, should kustomize
// take anything for remote that the guard does not.
func limitGit(allowRemote bool) error {
	protocols := remoteProtocols
	switch _, own := os.LookupEnv(gitProtocols); {
	case !allowRemote:
		protocols = noRemoteProtocol
	case own:
		return nil
	}
	if err := os.Setenv(gitProtocols, protocols); err != nil {
		return fmt.Errorf("set %s: %w", gitProtocols, err)
	}
	return nil
}

// limitHTTP limits what kustomize fetches by HTTP, until the function is called that it returns: to nothing, should a
// plug-in of kustomize's load what the guard has not seen, or to what is as small and as fast as any other URL's answer.
// Kustomize takes no client of ours: it uses the default.
func limitHTTP(g *guard) (restore func()) {
	before := http.DefaultTransport
	http.DefaultTransport = &transport{RoundTripper: before, guard: g}
	return func() { http.DefaultTransport = before }
}

// transport is what limitHTTP puts in front of another one.
type transport struct {
	http.RoundTripper
	guard *guard
}

// RoundTrip asks, if anything may be fetched.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !t.guard.allowRemote {
		return nil, t.guard.refuse(errRemote(request.URL.Redacted()))
	}
	ctx, cancel := context.WithTimeout(request.Context(), fetchTimeout)
	response, err := t.RoundTripper.RoundTrip(request.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = &limitedBody{ReadCloser: response.Body, left: maxBytes, cancel: cancel, tooMuch: func() error {
		return t.guard.refuse(fmt.Errorf("read %q: the server sends more than %d MiB", request.URL.Redacted(), maxBytes>>20))
	}}
	return response, nil
}

// limitedBody is the body of an answer, with an error in place of what is too much.
type limitedBody struct {
	io.ReadCloser
	left    int64
	cancel  func()
	tooMuch func() error
}

func (b *limitedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.left -= int64(n); b.left < 0 {
		return 0, b.tooMuch()
	}
	return n, err
}

// Close ends the request too.
func (b *limitedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
