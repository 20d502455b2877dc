use serde::Serialize;

/// What a figure is meant to reach on two cores. It is shown and never enforced: machines differ.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Bar {
    AtLeast(f64),
    Below(f64),
}

impl Bar {
    fn is_reached(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::Below(limit) => figure < limit,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {}", number(least)),
            Self::Below(limit) => format!("< {}", number(limit)),
        }
    }
}

#[derive(Default)]
pub struct Report(Vec<Line>);

#[derive(Serialize)]
struct Line {
    name: String,
    figure: f64,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bar: Option<Bar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
}

impl Report {
    pub fn add(&mut self, name: &str, figure: f64, unit: &'static str) {
        self.add_with(name, figure, unit, None);
    }

    pub fn add_with(&mut self, name: &str, figure: f64, unit: &'static str, bar: Option<Bar>) {
        let verdict = bar.map(|bar| match bar {
            bar if bar.is_reached(figure) => "reached",
            Bar::AtLeast(_) => "below",
            Bar::Below(_) => "above",
        });
        self.0.push(Line {
            name: name.to_owned(),
            figure,
            unit,
            bar,
            verdict,
        });
    }

    pub fn print(&self, of: &str, json: bool) -> anyhow::Result<()> {
        if json {
            println!("{}", serde_json::json!({ of: self.0 }));
            return Ok(());
        }
        for line in &self.0 {
            let bar = line.bar.map(Bar::text).unwrap_or_default();
            let text = format!(
                "{:<36} {:>9} {:<9}  {bar:<9}  {}",
                line.name,
                number(line.figure),
                line.unit,
                line.verdict.unwrap_or_default()
            );
            println!("{}", text.trim_end());
        }
        Ok(())
    }
}

/// With thousands set apart, and two places where it is small.
fn number(figure: f64) -> String {
    if figure.abs() < 100.0 && figure.fract() != 0.0 {
        return format!("{figure:.2}");
    }
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        let cases = [
            (7.256, "7.26"),
            (25.0, "25"),
            (999.6, "1,000"),
            (123_456.4, "123,456"),
        ];
        for (figure, text) in cases {
            assert_eq!(number(figure), text);
        }
    }

    #[test]
    fn a_bar_is_a_lower_or_an_upper_limit() {
        assert!(Bar::AtLeast(60_000.0).is_reached(60_000.0));
        assert!(!Bar::AtLeast(60_000.0).is_reached(59_999.0));
        assert!(Bar::Below(15.0).is_reached(14.9));
        assert!(!Bar::Below(15.0).is_reached(15.0));
    }
}
