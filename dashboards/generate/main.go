// Writes the dashboards: `go run . FOLDER`. What a panel shows is in overview.go, group.go and exporter.go.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// A row of panels below a title.
type section struct {
	title  string
	panels []panel
}

// A dashboard.
type board struct {
	uid, title, help string
	variables        []variable
	sections         []section
}

// A variable that is asked of the data source.
type variable struct {
	name, label, query string
	// Several values at once, and all.
	several bool
}

func (b board) build() (dashboard.Dashboard, error) {
	builder := dashboard.NewDashboardBuilder(b.title).Uid(b.uid).Description(b.help).Tags([]string{"kafka", "warrener"}).
		Time("now-3h", "now").Refresh("30s").Timezone(common.TimeZoneBrowser).Editable().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(dashboard.NewDashboardLinkBuilder("warrener").Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{"warrener"}).AsDropdown(false).IncludeVars(true).KeepTime(true)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus"))
	for _, variable := range b.variables {
		builder = builder.WithVariable(variable.build())
	}
	y, id := uint32(0), uint32(0)
	for _, section := range b.sections {
		id++
		builder = builder.WithRow(dashboard.NewRowBuilder(section.title).Id(id).GridPos(dashboard.GridPos{H: 1, W: 24, X: 0, Y: y}))
		y++
		x, height := uint32(0), uint32(0)
		for _, panel := range section.panels {
			if x+panel.width > 24 {
				x, y, height = 0, y+height, 0
			}
			id++
			builder = builder.WithPanel(panel.build(dashboard.GridPos{H: panel.height, W: panel.width, X: x, Y: y}, id))
			x, height = x+panel.width, max(height, panel.height)
		}
		y += height
	}
	built, err := builder.Build()
	// Grafana 11's; later ones bring it up to date as they load it.
	built.SchemaVersion = 39
	// In sight, where Grafana has always put them.
	for index := range built.Links {
		built.Links[index].Placement = nil
	}
	return built, err
}

func (v variable) build() *dashboard.QueryVariableBuilder {
	builder := dashboard.NewQueryVariableBuilder(v.name).Label(v.label).Datasource(source).
		Query(dashboard.StringOrMap{String: text(v.query)}).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc).Multi(v.several).IncludeAll(v.several)
	if v.several {
		all := dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		}
		builder = builder.AllValue(".*").Current(all)
	}
	return builder
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . FOLDER")
		os.Exit(64)
	}
	for name, board := range map[string]board{"overview": overview, "group": group, "exporter": exporter} {
		if err := write(filepath.Join(os.Args[1], name+".json"), board); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func write(path string, board board) error {
	built, err := board.build()
	if err != nil {
		return err
	}
	encoded, err := json.MarshalIndent(built, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o644)
}
