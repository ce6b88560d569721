//! Columns of text.

/// Lines of cells, as wide as their widest; the last column is not padded.
pub(crate) fn render(heading: &[&str], rows: &[Vec<String>]) -> String {
    let columns = heading.len();
    let mut widths: Vec<usize> = heading.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let heading: Vec<String> = heading.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        for (index, cell) in row.iter().enumerate().take(columns) {
            text.push_str(cell);
            if index + 1 < columns {
                let pad = widths[index] - cell.chars().count() + 2;
                text.extend(std::iter::repeat_n(' ', pad));
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["web-1".to_owned(), "ok".to_owned()]];
        assert_eq!(
            render(&["NAME", "HEALTH"], &rows),
            "NAME   HEALTH\nweb-1  ok\n"
        );
    }
}
