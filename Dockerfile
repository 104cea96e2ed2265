# Both programs, static, on nothing. Built for the platform that is asked for:
#   docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v0.1.0 .
ARG GO_VERSION=1.26

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
WORKDIR /src
# The modules are a layer of their own: they change more rarely than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=
# Every program below cmd/ is built, under its folder's name.
RUN GOOS=${TARGETOS} GOARCH=${TARGETARCH} make build OUT=/out VERSION=${VERSION}

FROM scratch
COPY --from=build /out/ /usr/local/bin/
ENV PATH=/usr/local/bin
# Nobody's: a number, so that runAsNonRoot can be checked.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/sidecar-injector"]
CMD ["serve"]
