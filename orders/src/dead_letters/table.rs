/// Rows of texts, to be printed with their columns aligned.
pub struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub fn new(head: [&str; N]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned)],
        }
    }

    pub fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| printable(&cell)));
    }
}

impl<const N: usize> std::fmt::Display for Table<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
        };
        let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
        for (index, row) in self.rows.iter().enumerate() {
            let line: Vec<String> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Records come from anywhere: what they say must not steer the terminal, nor break a line.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The beginning of a long text.
pub fn shortened(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_stay_whole() {
        let mut table = Table::new(["A", "B", "C"]);
        table.row([
            "ü".to_owned(),
            "long".to_owned(),
            "x\n\u{1b}[2Jy".to_owned(),
        ]);
        table.row(["22".to_owned(), String::new(), String::new()]);
        assert_eq!(
            table.to_string(),
            "A   B     C\nü   long  x\u{fffd}\u{fffd}[2Jy\n22"
        );
        assert_eq!(shortened("Käse", 2), "Kä…");
        assert_eq!(shortened("Käse", 4), "Käse");
    }
}
