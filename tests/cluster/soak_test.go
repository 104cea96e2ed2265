package cluster_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

var (
	soakAdmissions = flag.Int("admissions", 10_000, "how many pods TestSoak has each replica answer")
	soakParts      = flag.Int("parts", 6, "how often it reloads the configuration and, every second time, renews the leaf, and how often it measures")
)

const soakClients = 4

// soakSample is what a replica holds at one time.
type soakSample struct{ resident, goroutines, descriptors int }

// TestSoak has both replicas answer many pods of many workloads, beside those of the API server, with reloads and renewals
// between: there is no error, and what they hold does not grow.
func TestSoak(t *testing.T) {
	r := newFleet(t)
	begin, before := time.Now(), r.load().Counts()
	samples := make([][]soakSample, len(r.replicas))
	for part := range *soakParts {
		if err := r.soakPart(t.Context(), part, *soakAdmissions / *soakParts); err != nil {
			t.Fatal(err)
		}
		for i, replica := range r.replicas {
			sample, err := sampleOf(t.Context(), replica)
			if err != nil {
				t.Fatal(err)
			}
			samples[i] = append(samples[i], sample)
		}
	}
	fmt.Printf("%d admissions by each replica in %.0f s, %d reloads, %d renewals; %d pods through the API server\n  %-12s %10s %12s %12s\n",
		*soakAdmissions, time.Since(begin).Seconds(), *soakParts, *soakParts/2, r.load().Counts().Sub(before).Created, "after", "resident", "goroutines", "descriptors")
	for part := range *soakParts {
		for i, replica := range r.replicas {
			s := samples[i][part]
			fmt.Printf("  %-12s %6.1f MiB %12d %12d  %s\n", fmt.Sprintf("%d %%", (part+1)*100 / *soakParts), float64(s.resident)/1024, s.goroutines, s.descriptors, replica.name)
		}
	}
	for i, replica := range r.replicas {
		checkFlat(t, replica.name, samples[i])
	}
	if failures := r.load().Failures(begin); len(failures) != 0 {
		t.Errorf("%d pods were refused, not answered or not injected:%s", len(failures), summary(failures))
	}
}

// checkFlat compares the second half with the first, but for its beginning, in which caches fill.
func checkFlat(t *testing.T, name string, samples []soakSample) {
	t.Helper()
	half := len(samples) / 2
	early, late := samples[half/2:half], samples[half:]
	for what, of := range map[string]struct {
		get   func(soakSample) int
		slack int
	}{
		"KiB of resident memory": {func(s soakSample) int { return s.resident }, 16 << 10},
		"goroutines":             {func(s soakSample) int { return s.goroutines }, 30},
		"descriptors":            {func(s soakSample) int { return s.descriptors }, 30},
	} {
		most := func(samples []soakSample) int {
			return of.get(slices.MaxFunc(samples, func(a, b soakSample) int { return of.get(a) - of.get(b) }))
		}
		if before, after := most(early), most(late); after > before+of.slack {
			t.Errorf("%s holds %d %s in the second half and %d in the first", name, after, what, before)
		}
	}
}

// soakPart reloads, renews every second time, and has each replica answer so many pods meanwhile.
func (r *fleet) soakPart(ctx context.Context, part, admissions int) error {
	var working sync.WaitGroup
	errs := make([]error, len(r.replicas)+1)
	working.Go(func() {
		errs[len(r.replicas)] = r.followed(ctx)
		if part%2 == 1 {
			errs[len(r.replicas)] = errors.Join(errs[len(r.replicas)], renewLeaf(ctx, r))
		}
	})
	for i, replica := range r.replicas {
		working.Go(func() { errs[i] = answerMany(ctx, "https://"+replica.address+"/inject/pod", part, admissions) })
	}
	working.Wait()
	return errors.Join(errs...)
}

// answerMany has a replica answer pods, of several clients at once.
func answerMany(ctx context.Context, url string, part, admissions int) error {
	// The leaf changes meanwhile; whom the API server trusts is TestRotation's.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: soakClients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: createTimeout}
	var number atomic.Int64
	var working sync.WaitGroup
	errs := make([]error, soakClients)
	for i := range soakClients {
		working.Go(func() {
			for errs[i] == nil {
				n := int(number.Add(1))
				if n > admissions {
					return
				}
				errs[i] = answerOne(ctx, client, url, part*admissions+n)
			}
		})
	}
	working.Wait()
	return errors.Join(errs...)
}

const createTimeout = 15 * time.Second

// answerOne sends the review of one pod, a replica of one of many workloads, and wants a patch.
func answerOne(ctx context.Context, client *http.Client, url string, n int) error {
	const workloads = 500
	pod := newPod(askingNamespace, asks)
	pod.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}
	pod.Spec.Containers[0].Image = fmt.Sprintf("app:%d", n%workloads)
	raw, err := json.Marshal(pod)
	if err != nil {
		return err
	}
	uid := types.UID(strconv.Itoa(n))
	body, err := json.Marshal(admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: uid, Kind: metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}, Namespace: askingNamespace,
			Resource:  metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
			Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: raw},
		},
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&review); err != nil {
		return err
	}
	if review.Response == nil || review.Response.UID != uid || !review.Response.Allowed || len(review.Response.Patch) == 0 {
		return fmt.Errorf("pod %d was answered with %+v, want a patch", n, review.Response)
	}
	return nil
}

// sampleOf reads what a replica holds.
func sampleOf(ctx context.Context, replica *fleetReplica) (sample soakSample, err error) {
	if sample.resident, err = replica.injector.ResidentKiB(); err != nil {
		return sample, err
	}
	descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", replica.injector.PID()))
	if err != nil {
		return sample, err
	}
	sample.descriptors = len(descriptors)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+replica.injector.Metrics+"/metrics", nil)
	if err != nil {
		return sample, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return sample, err
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			sample.goroutines, err = strconv.Atoi(value)
			return sample, err
		}
	}
	return sample, errors.New("there is no go_goroutines among the metrics")
}
