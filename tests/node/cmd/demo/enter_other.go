//go:build !linux

package main

import (
	"context"
	"errors"
)

// enter runs the demo without a node, which needs Linux.
func enter(ctx context.Context, d *demo) (code int, err error) {
	d.missing = "a node needs Linux"
	return 0, d.run(ctx)
}

func (d *demo) startNode(context.Context) error { return errors.New(d.missing) }
