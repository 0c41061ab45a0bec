package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// How a panel looks.
type kind int

const (
	lines kind = iota
	stacked
	number
	timeline
	rows
	heat
)

// One expression of a panel; in a legend {{label}} stands for a label's value.
type query struct {
	expr, legend string
}

// A panel. Its help says what it shows and what to do about it.
type panel struct {
	kind          kind
	title, help   string
	unit          string
	width, height uint32
	queries       []query
	mappings      []dashboard.ValueMapping
	thresholds    []dashboard.Threshold
	// What the column of values of a table is called.
	column string
}

func text[T any](value T) *T { return &value }

// The source of all data is a variable.
var source = common.DataSourceRef{Type: text("prometheus"), Uid: text("${datasource}")}

func (p panel) targets() []cog.Builder[variants.Dataquery] {
	targets := []cog.Builder[variants.Dataquery]{}
	for index, query := range p.queries {
		target := prometheus.NewDataqueryBuilder().Expr(query.expr).LegendFormat(query.legend).
			Datasource(source).RefId(string(rune('A' + index)))
		switch p.kind {
		case rows:
			target = target.Instant().Format(prometheus.PromQueryFormatTable)
		case number:
			target = target.Instant()
		default:
			target = target.Range()
		}
		targets = append(targets, target)
	}
	return targets
}

func (p panel) limits() cog.Builder[dashboard.ThresholdsConfig] {
	steps := append([]dashboard.Threshold{{Value: nil, Color: "green"}}, p.thresholds...)
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

func above(value float64, color string) dashboard.Threshold {
	return dashboard.Threshold{Value: text(value), Color: color}
}

// Texts and colours in the place of numbers.
func named(names map[string][2]string) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for value, name := range names {
		options[value] = dashboard.ValueMappingResult{Text: text(name[0]), Color: text(name[1])}
	}
	mapping := dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}
	return []dashboard.ValueMapping{{ValueMap: &mapping}}
}

func (p panel) build(at dashboard.GridPos, id uint32) cog.Builder[dashboard.Panel] {
	switch p.kind {
	case number:
		return stat.NewPanelBuilder().Id(id).Title(p.title).Description(p.help).Datasource(source).GridPos(at).
			Unit(p.unit).Targets(p.targets()).Mappings(p.mappings).Thresholds(p.limits()).
			ColorMode(common.BigValueColorModeValue).GraphMode(common.BigValueGraphModeNone).
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).NoValue("unknown")
	case timeline:
		return statetimeline.NewPanelBuilder().Id(id).Title(p.title).Description(p.help).Datasource(source).GridPos(at).
			Targets(p.targets()).Mappings(p.mappings).ShowValue(common.VisibilityModeNever).MergeValues(true).
			FillOpacity(80).Thresholds(p.limits())
	case rows:
		return p.table(at, id)
	case heat:
		return heatmap.NewPanelBuilder().Id(id).Title(p.title).Description(p.help).Datasource(source).GridPos(at).
			Targets(p.targets()).Calculate(false).CellGap(1).
			CellValues(heatmap.NewCellValuesBuilder().Unit(p.unit)).
			Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeScheme).Scheme("Oranges").Steps(64)).
			Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle).ShowColorScale(true))
	default:
		mode, fill := common.StackingModeNone, 8.0
		if p.kind == stacked {
			mode, fill = common.StackingModeNormal, 60.0
		}
		return timeseries.NewPanelBuilder().Id(id).Title(p.title).Description(p.help).Datasource(source).GridPos(at).
			Unit(p.unit).Targets(p.targets()).FillOpacity(fill).ShowPoints(common.VisibilityModeNever).AxisSoftMin(0).
			Stacking(common.NewStackingConfigBuilder().Mode(mode)).
			Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeTable).
				Placement(common.LegendPlacementRight).ShowLegend(true).Calcs([]string{"lastNotNull", "max"})).
			Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	}
}

// A click on a group leads to its dashboard.
func (p panel) table(at dashboard.GridPos, id uint32) cog.Builder[dashboard.Panel] {
	column := p.column
	if column == "" {
		column = "value"
	}
	link := map[string]any{
		"title": "Kafka group",
		"url":   "/d/warrener-group?var-datasource=${datasource}&var-cluster=${__data.fields.cluster:percentencode}&var-group=${__data.fields.consumergroup:percentencode}&${__url_time_range}",
	}
	return table.NewPanelBuilder().Id(id).Title(p.title).Description(p.help).Datasource(source).GridPos(at).
		Targets(p.targets()).NoValue("none").
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
			"excludeByName": map[string]bool{"Time": true}, "renameByName": map[string]string{"Value": column},
		}}).
		OverrideByName(column, []dashboard.DynamicConfigValue{{Id: "unit", Value: p.unit}}).
		OverrideByName("consumergroup", []dashboard.DynamicConfigValue{{Id: "links", Value: []any{link}}}).
		SortBy([]cog.Builder[common.TableSortByFieldState]{
			common.NewTableSortByFieldStateBuilder().DisplayName(column).Desc(true),
		})
}
