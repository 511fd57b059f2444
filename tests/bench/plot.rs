//! Draws a plot with two logarithmic axes, as SVG.

use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

/// A line of the plot.
pub struct Series {
    /// Its name in the legend.
    pub name: &'static str,
    /// Pairs of x and y, in ascending order of x.
    pub points: Vec<(f64, f64)>,
}

/// The size of the picture in pixels.
const SIZE: (u32, u32) = (720, 440);

/// From the colours of Okabe and Ito, which colour-blind readers can tell apart.
const COLOURS: [RGBColor; 4] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
];

/// Draws the series.
pub fn draw(
    file: &Path,
    title: &str,
    [x, y]: [&str; 2],
    series: &[Series],
) -> Result<(), Box<dyn Error>> {
    let mut picture = String::new();
    let (across, up): (Vec<f64>, Vec<f64>) = series
        .iter()
        .flat_map(|series| &series.points)
        .copied()
        .unzip();
    {
        let area = SVGBackend::with_string(&mut picture, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(title, ("sans-serif", 18))
            .margin(12)
            .margin_right(36)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(decades(&across).log_scale(), decades(&up).log_scale())?;
        let number = |number: &f64| format!("{number}");
        chart
            .configure_mesh()
            .x_desc(x)
            .y_desc(y)
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .label_style(("sans-serif", 13))
            .axis_desc_style(("sans-serif", 14))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(220, 220, 220))
            .draw()?;
        for (series, colour) in series.iter().zip(COLOURS) {
            let line = LineSeries::new(series.points.iter().copied(), colour.stroke_width(2))
                .point_size(3);
            chart
                .draw_series(line)?
                .label(series.name)
                .legend(move |(x, y)| Circle::new((x + 10, y), 4, colour.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(("sans-serif", 13))
            .background_style(WHITE)
            .border_style(RGBColor(220, 220, 220))
            .draw()?;
        area.present()?;
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
