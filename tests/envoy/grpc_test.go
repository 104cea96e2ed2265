//go:build linux

package envoy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// grpcServer answers calls of each kind.
type grpcServer struct {
	pb.UnimplementedTestServiceServer
}

// UnaryCall answers with what it is sent, or with the status that is asked for, and with a trailer.
func (grpcServer) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	if asked := request.GetResponseStatus(); asked != nil {
		return nil, status.Error(codes.Code(asked.GetCode()), asked.GetMessage())
	}
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-trailer", "unary"))
	return &pb.SimpleResponse{Payload: request.GetPayload()}, nil
}

// FullDuplexCall answers each message before it reads the next one.
func (grpcServer) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			stream.SetTrailer(metadata.Pairs("x-trailer", "stream"))
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.Send(&pb.StreamingOutputCallResponse{Payload: request.GetPayload()}); err != nil {
			return err
		}
	}
}

// serveGRPC serves the test service on a port of the way's server until the test ends.
func (w way) serveGRPC(t *testing.T, port int) {
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, grpcServer{})
	listener := listen(t, w.server, port)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// callGRPC returns a client of it.
func (w way) callGRPC(t *testing.T, port int) pb.TestServiceClient {
	t.Helper()
	connection, err := grpc.NewClient("passthrough:///"+at(w.place, 0, port).String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, w.client, address) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return pb.NewTestServiceClient(connection)
}

// Calls and streams pass message by message, with their statuses and trailers; the log has their status.
func TestEnvoyGRPC(t *testing.T) {
	s := start(t, "", plainPod)
	const messages = 100
	for direction, w := range s.ways() {
		w.serveGRPC(t, 9090)
		caller := w.callGRPC(t, 9090)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		var trailer metadata.MD
		payload := &pb.Payload{Body: make([]byte, 1<<20)}
		answer, err := caller.UnaryCall(ctx, &pb.SimpleRequest{Payload: payload}, grpc.Trailer(&trailer))
		if err != nil || len(answer.GetPayload().GetBody()) != 1<<20 || fmt.Sprint(trailer["x-trailer"]) != "[unary]" {
			t.Errorf("%s call: %d bytes, trailer %v, error %v", direction, len(answer.GetPayload().GetBody()), trailer, err)
		}
		_, err = caller.UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: &pb.EchoStatus{Code: int32(codes.DataLoss), Message: "lost"}})
		if status.Code(err) != codes.DataLoss || status.Convert(err).Message() != "lost" {
			t.Errorf("%s call: error %v", direction, err)
		}
		stream, err := caller.FullDuplexCall(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for i := range messages {
			text := fmt.Sprint(i)
			sent := stream.Send(&pb.StreamingOutputCallRequest{Payload: &pb.Payload{Body: []byte(text)}})
			answer, err := stream.Recv()
			if sent != nil || err != nil || string(answer.GetPayload().GetBody()) != text {
				t.Fatalf("%s stream, message %d: %q, errors %v, %v", direction, i, answer.GetPayload().GetBody(), sent, err)
			}
		}
		_ = stream.CloseSend()
		if _, err := stream.Recv(); !errors.Is(err, io.EOF) || fmt.Sprint(stream.Trailer()["x-trailer"]) != "[stream]" {
			t.Errorf("%s stream: trailer %v, error %v", direction, stream.Trailer(), err)
		}
		seen(t, "gRPC, "+direction, "a call with 1 MiB, a status, %d messages there and back in one stream, trailers", messages)
	}
	for direction := range s.ways() {
		for want, path := range map[string]string{"OK": "/grpc.testing.TestService/FullDuplexCall", "DataLoss": "/grpc.testing.TestService/UnaryCall"} {
			if lines := s.accesses(t, "direction", direction, "path", path, "grpc_status", want); len(lines) != 1 {
				t.Errorf("%s: the log has %d lines of %s with status %s, want 1", direction, len(lines), path, want)
			}
		}
	}
}
