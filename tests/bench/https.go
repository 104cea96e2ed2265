package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"time"

	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
)

// admissionsInARound is how many admissions each server answers in a round over HTTPS.
const admissionsInARound = 25 * clients

// https measures both webhooks behind TLS servers on loopback, as each of them runs in its own program: Istio's in the
// standard library's server, ours in controller-runtime's. The pods are small, and each is of another workload.
func (p *parts) https(rounds int, into results) (err error) {
	istios := httptest.NewTLSServer(p.istios.handler)
	defer istios.Close()
	ours, stop, err := serveOurs(p.oursOfIstio, &istios.TLS.Certificates[0])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	names := []string{nameOurs, nameIstios}
	servers := map[string]load{
		nameOurs:   newLoad(ours, p.oursOfIstio.path),
		nameIstios: newLoad(istios.Listener.Addr().String(), p.istios.path),
	}
	samples := map[string]map[string][]sample{"HTTPS": {}, "HTTPS, p50": {}, "HTTPS, p99": {}}
	for round := range min(rounds, 7) {
		reviews := reviewsFrom(others(small), round*admissionsInARound, admissionsInARound)
		for turn := range names {
			name := names[(turn+round)%len(names)]
			if round == 0 {
				// The connections are made, and the server does for the first time what it does once.
				if _, err := servers[name].send(reviews[:2*clients]); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			begin := wall()
			latencies, err := servers[name].send(reviews)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			for result, spent := range map[string]time.Duration{
				"HTTPS":      (wall() - begin) / admissionsInARound,
				"HTTPS, p50": latencies[len(latencies)/2],
				"HTTPS, p99": latencies[len(latencies)*99/100],
			} {
				samples[result][name] = append(samples[result][name], sample{time: spent})
			}
		}
	}
	for result, of := range samples {
		into[result] = measured{nameOurs: median(of[nameOurs]), nameIstios: median(of[nameIstios])}
	}
	return nil
}

// reviewsFrom makes so many reviews.
func reviewsFrom(reviews func(number int) []byte, first, count int) [][]byte {
	all := make([][]byte, count)
	for i := range all {
		all[i] = reviews(first + i)
	}
	return all
}

// serveOurs serves our webhook as the program does. stop ends it.
func serveOurs(of injector, certificate *tls.Certificate) (address string, stop func() error, err error) {
	address, port, err := freeAddress()
	if err != nil {
		return "", nil, err
	}
	server := ctrlwebhook.NewServer(ctrlwebhook.Options{Host: "127.0.0.1", Port: port, TLSOpts: []func(*tls.Config){
		func(config *tls.Config) {
			config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil }
		},
	}})
	of.register(server)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	stop = func() error {
		cancel()
		return <-ended
	}
	for server.StartedChecker()(nil) != nil {
		select {
		case err := <-ended:
			cancel()
			return "", nil, fmt.Errorf("serve our webhook: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return address, stop, nil
}

// freeAddress returns an address of this machine where nobody listens.
func freeAddress() (address string, port int, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", 0, fmt.Errorf("find a free port: %w", err)
	}
	found := listener.Addr().(*net.TCPAddr)
	return found.String(), found.Port, listener.Close()
}
