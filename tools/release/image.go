package release

import (
	"path/filepath"

	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

// writeImage makes the image of the programs for Linux, and says of what it consists.
func (r *release) writeImage(programs []program) error {
	var images []image.Image
	var inside []program
	for _, p := range programs {
		if p.os != "linux" {
			continue
		}
		inside = append(inside, p)
		if p.name == "sidecar-injector" {
			images = append(images, image.Own(filepath.Dir(p.path), p.arch, "", image.Build{Version: r.number, Revision: r.revision, Created: r.time}))
		}
	}
	name := imageName + ":" + r.number
	r.say("image %s", name)
	var err error
	if r.digest, err = image.WriteIndex(filepath.Join(r.out, imageFile), name, images); err != nil {
		return err
	}
	return r.writeImageSBOM(inside)
}
