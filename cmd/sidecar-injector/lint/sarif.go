package lint

import (
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sidecar-injector/sidecar-injector/cmd/sidecar-injector/terminal"
)

// The parts of a SARIF 2.1.0 log that code review tools read (OASIS, "Static Analysis Results Interchange Format").
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPlace `json:"physicalLocation"`
	}
	sarifPlace struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
)

// WriteSARIF writes findings as a SARIF log. version is that of the program; SARIF has it begin with a number. Files
// are relative to the working directory, if they are below it.
func WriteSARIF(out io.Writer, findings []Finding, version string) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "sidecar-injector", Version: strings.TrimPrefix(version, "v"), InformationURI: "https://github.com/sidecar-injector/sidecar-injector"}}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{id, sarifText{rules[id]}})
	}
	for _, finding := range findings {
		result := sarifResult{RuleID: finding.Rule, Level: string(finding.Severity), Message: sarifText{finding.Message}}
		if finding.Remedy != "" {
			result.Message.Text += ". Remedy: " + finding.Remedy
		}
		if finding.File != "" {
			place := sarifPlace{ArtifactLocation: sarifArtifact{uriOf(finding.File)}}
			if finding.Line > 0 {
				place.Region = &sarifRegion{finding.Line, finding.Column}
			}
			result.Locations = []sarifLocation{{place}}
		}
		run.Results = append(run.Results, result)
	}
	encoder := json.NewEncoder(terminal.JSON(out))
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// uriOf returns the reference to a file: relative if it is below the working directory, otherwise absolute.
func uriOf(file string) string {
	absolute, err := filepath.Abs(file)
	if err != nil {
		return (&url.URL{Path: filepath.ToSlash(file)}).String()
	}
	if working, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(working, absolute); err == nil && filepath.IsLocal(relative) {
			return (&url.URL{Path: filepath.ToSlash(relative)}).String()
		}
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute)}).String()
}
