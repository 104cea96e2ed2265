package hold

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/sidecar-injector/sidecar-injector/internal/packed"
)

// WriteConfig unpacks a text of package packed into a file that everybody can read. A file that is there is replaced at
// once. Its directory must exist.
func WriteConfig(short, file string) error {
	text, err := packed.Unpack(short)
	if err != nil {
		return fmt.Errorf("unpack --config: %w", err)
	}
	err = replace(file, 0o644, func(to *os.File) error {
		_, err := to.Write(text)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the configuration to %s: %w", filepath.Dir(file), readable(err))
	}
	return nil
}
