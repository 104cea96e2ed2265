package main

// measured is what one operation cost each of those that take part, by name.
type measured map[string]sample

// results are what was measured, by the name that goals know it by.
type results map[string]measured

// row measures what belongs together, in so many rounds.
type row func(rounds int, into results) error

// parts are those who answer. Each is made once.
type parts struct {
	installation installation
	istios       injector
	ours         injector // with the built-in profile
	oursOfIstio  injector // with Istio's templates
	program      string   // the file of the program; empty: its memory is not measured
}

func newParts(program string) (*parts, error) {
	p := &parts{program: program}
	var err error
	if p.installation, err = renderChart(); err != nil {
		return nil, err
	}
	if p.istios, err = newIstios(p.installation); err != nil {
		return nil, err
	}
	if p.oursOfIstio, err = newOursOfIstio(p.installation); err != nil {
		return nil, err
	}
	if p.ours, err = newOurs(); err != nil {
		return nil, err
	}
	return p, nil
}

// admissions returns the rows of admissions one after the other.
func (p *parts) admissions() map[string]admissions {
	rows := map[string]admissions{}
	for name, of := range map[string]admissions{
		"replicas, small":            {reviews: replicas(small)},
		"replicas, realistic":        {reviews: replicas(realistic)},
		"other workloads, small":     {reviews: others(small)},
		"other workloads, realistic": {reviews: others(realistic)},
		"2,000 variables, Istio's":   {reviews: replicas(manyVariables(2000))},
		"50 containers, Istio's":     {reviews: replicas(manyContainers(50))},
		"1 MiB, Istio's":             {reviews: replicas(large(1 << 20))},
	} {
		of.ours, of.istios = p.oursOfIstio, &p.istios
		rows[name] = of
	}
	for name, of := range map[string]admissions{
		"replicas, example":        {reviews: replicas(example)},
		"other workloads, example": {reviews: others(example)},
		"skipped":                  {reviews: replicas(unwilling), wants: skipped, istios: &p.istios},
		"2,000 variables":          {reviews: replicas(manyVariables(2000))},
		"8,000 variables":          {reviews: replicas(manyVariables(8000))},
		"50 containers":            {reviews: replicas(manyContainers(50))},
		"200 containers":           {reviews: replicas(manyContainers(200))},
		"1 MiB":                    {reviews: replicas(large(1 << 20))},
		"256 KiB":                  {reviews: replicas(large(256 << 10))},
		"worst, overrides":         {reviews: betweenOverrides(3000), wants: anything, slow: true},
		"worst, ports":             {reviews: portLists(20000), wants: anything, slow: true},
		"worst, nested":            {reviews: nested(9980), wants: anything, slow: true},
	} {
		of.ours = p.ours
		rows[name] = of
	}
	return rows
}

// rows are all that can be measured, by name. Those of the HTTPS servers and of the program have several results, whose
// names begin with theirs.
func (p *parts) rows() map[string]row {
	rows := map[string]row{"HTTPS": p.https, "documents": p.documents}
	if p.program != "" {
		rows["memory"], rows["hostile"] = p.memory, p.hostile
	}
	for name, of := range p.admissions() {
		rows[name] = func(rounds int, into results) error {
			var err error
			into[name], err = of.run(rounds)
			return err
		}
	}
	return rows
}
