//! Draws plots with two logarithmic axes, as one SVG.

use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

/// A plot of a picture.
pub struct Panel {
    pub title: String,
    pub series: Vec<Series>,
}

/// A line of a plot.
pub struct Series {
    /// Its name in the legend.
    pub name: &'static str,
    /// Pairs of x and y, in ascending order of x.
    pub points: Vec<(f64, f64)>,
}

/// Panels of a row, and the size of each in pixels.
const COLUMNS: usize = 3;
const SIZE: (u32, u32) = (300, 230);

/// From the colours of Okabe and Ito, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(0, 0, 0)];

/// Draws panels with the same axes.
pub fn draw(file: &Path, [x, y]: [&str; 2], panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    let mut picture = String::new();
    let rows = panels.len().div_ceil(COLUMNS);
    let points = panels.iter().flat_map(|panel| &panel.series);
    let points = points.flat_map(|series| &series.points);
    let (across, up): (Vec<f64>, Vec<f64>) = points.copied().unzip();
    {
        let size = (SIZE.0 * COLUMNS as u32, SIZE.1 * u32::try_from(rows)?);
        let whole = SVGBackend::with_string(&mut picture, size).into_drawing_area();
        whole.fill(&WHITE)?;
        for (panel, area) in panels.iter().zip(whole.split_evenly((rows, COLUMNS))) {
            let mut chart = ChartBuilder::on(&area)
                .caption(&panel.title, ("sans-serif", 14))
                .margin(8)
                .margin_right(20)
                .x_label_area_size(36)
                .y_label_area_size(44)
                .build_cartesian_2d(decades(&across).log_scale(), decades(&up).log_scale())?;
            let number = |number: &f64| format!("{number}");
            chart
                .configure_mesh()
                .x_desc(x)
                .y_desc(y)
                .x_label_formatter(&number)
                .y_label_formatter(&number)
                .label_style(("sans-serif", 11))
                .axis_desc_style(("sans-serif", 12))
                .max_light_lines(0)
                .bold_line_style(RGBColor(220, 220, 220))
                .draw()?;
            for (series, colour) in panel.series.iter().zip(COLOURS) {
                let line = LineSeries::new(series.points.iter().copied(), colour.stroke_width(2))
                    .point_size(2);
                chart
                    .draw_series(line)?
                    .label(series.name)
                    .legend(move |(x, y)| Circle::new((x + 10, y), 4, colour.filled()));
            }
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperRight)
                .label_font(("sans-serif", 11))
                .background_style(WHITE)
                .border_style(RGBColor(220, 220, 220))
                .draw()?;
        }
        whole.present()?;
    }
    fs::write(file, picture + "\n")?;
    Ok(())
}

/// The powers of ten that enclose the figures, which are above 0. A margin of a thousandth keeps
/// the axis's first and last labels, whatever the rounding.
fn decades(figures: &[f64]) -> Range<f64> {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let high = figures.iter().copied().fold(0.0, f64::max);
    let power = |exponent: f64| 10_f64.powf(exponent);
    power(low.log10().floor() - 1e-3)..power(high.log10().ceil() + 1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_powers_of_ten() {
        let between = |figures: &[f64], low: f64, high: f64| {
            let axis = decades(figures);
            (axis.start / low - 1.0).abs() < 0.01 && (axis.end / high - 1.0).abs() < 0.01
        };
        assert!(between(&[0.23, 70.0, 4000.0], 0.1, 10_000.0));
        assert!(between(&[1.0, 100.0], 1.0, 100.0));
    }
}
