package release

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"

	"github.com/sidecar-injector/sidecar-injector/tools/image"
)

// sbomEnding is that of the files which say, in CycloneDX's JSON, what something consists of.
const sbomEnding = ".cdx.json"

// writeProgramSBOM writes of which modules a program consists, as the program itself tells it.
func (r *release) writeProgramSBOM(p program) error {
	root, err := r.component(p)
	if err != nil {
		return err
	}
	return r.writeSBOM(p.base()+sbomEnding, root, nil, []program{p})
}

// writeImageSBOM writes of which programs the image consists, and of which modules they do.
func (r *release) writeImageSBOM(programs []program) error {
	root, err := r.own("sidecar-injector-image", imageName, filepath.Join(r.out, imageFile))
	if err != nil {
		return err
	}
	root.Type = cyclonedx.ComponentTypeContainer
	root.PackageURL = "pkg:oci/sidecar-injector@" + strings.Replace(r.digest.String(), ":", "%3A", 1) + "?repository_url=" + imageName + "&tag=" + r.number
	var inside []cyclonedx.Component
	for _, p := range programs {
		component, err := r.component(p)
		if err != nil {
			return err
		}
		inside = append(inside, component)
	}
	return r.writeSBOM(strings.TrimSuffix(imageFile, ".tar")+sbomEnding, root, inside, programs)
}

// writeSBOM writes the file of this name: of what root is made, which is what is inside, if anything, and the modules of
// the programs.
func (r *release) writeSBOM(name string, root cyclonedx.Component, inside []cyclonedx.Component, programs []program) (err error) {
	modules := map[string]cyclonedx.Component{}
	var dependencies []cyclonedx.Dependency
	if len(inside) > 0 {
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: root.BOMRef, Dependencies: refs(inside)})
	}
	for _, p := range programs {
		used := libraries(p)
		for _, library := range used {
			modules[library.BOMRef] = library
		}
		dependencies = append(dependencies, cyclonedx.Dependency{Ref: p.base(), Dependencies: refs(used)})
	}
	components := inside
	for _, ref := range slices.Sorted(maps.Keys(modules)) {
		components = append(components, modules[ref])
	}
	bom := cyclonedx.NewBOM()
	bom.SpecVersion, bom.JSONSchema = cyclonedx.SpecVersion1_6, "http://cyclonedx.org/schema/bom-1.6.schema.json"
	bom.SerialNumber = serial(root)
	bom.Metadata = &cyclonedx.Metadata{Timestamp: r.time.Format(time.RFC3339), Component: &root}
	bom.Components, bom.Dependencies = &components, &dependencies
	file, err := os.Create(filepath.Join(r.out, name))
	if err != nil {
		return err
	}
	return errors.Join(cyclonedx.NewBOMEncoder(file, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom), file.Close())
}

// component is a program.
func (r *release) component(p program) (cyclonedx.Component, error) {
	component, err := r.own(p.base(), p.name, p.path)
	component.PackageURL = packageURL(modulePath, r.Version) + "&goos=" + p.os + "&goarch=" + p.arch + "#cmd/" + p.name
	component.Properties = &[]cyclonedx.Property{{Name: "go:version", Value: p.GoVersion}, {Name: "go:module:sum", Value: p.Main.Sum}}
	return component, err
}

// own is something of the release, with the checksum of its file.
func (r *release) own(ref, name, path string) (cyclonedx.Component, error) {
	sum, err := sha256Of(path)
	return cyclonedx.Component{
		BOMRef: ref, Type: cyclonedx.ComponentTypeApplication, Name: name, Version: r.Version,
		Hashes:             &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: sum}},
		Licenses:           &cyclonedx.Licenses{{License: &cyclonedx.License{ID: "Apache-2.0"}}},
		ExternalReferences: &[]cyclonedx.ExternalReference{{Type: cyclonedx.ERTypeVCS, URL: image.Source + "/tree/" + r.revision}},
	}, err
}

// libraries are the modules of a program, Go's own among them, in the order of their paths.
func libraries(p program) []cyclonedx.Component {
	std := cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, Name: "std", Version: strings.TrimPrefix(p.GoVersion, "go")}
	std.PackageURL = packageURL(std.Name, std.Version)
	std.BOMRef = std.PackageURL
	all := []cyclonedx.Component{std}
	for _, dep := range p.Deps {
		url := packageURL(dep.Path, dep.Version)
		all = append(all, cyclonedx.Component{
			BOMRef: url, PackageURL: url, Type: cyclonedx.ComponentTypeLibrary, Name: dep.Path, Version: dep.Version,
			Properties: &[]cyclonedx.Property{{Name: "go:module:sum", Value: dep.Sum}},
		})
	}
	return all
}

func packageURL(path, version string) string {
	return "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B") + "?type=module"
}

func refs(components []cyclonedx.Component) *[]string {
	var refs []string
	for _, component := range components {
		refs = append(refs, component.BOMRef)
	}
	return &refs
}

// serial is a UUID that depends on what a bill is of, not on when it was written.
func serial(of cyclonedx.Component) string {
	sum := sha256.Sum256([]byte(of.BOMRef + of.Version + (*of.Hashes)[0].Value))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // version 8: made by a rule of one's own
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
