/// How much of a room each part gets: a small one all that it needs, the large ones the same of what is left.
pub(super) fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut smallest_first: Vec<usize> = (0..wanted.len()).collect();
    smallest_first.sort_by_key(|part| wanted[*part]);
    let mut shares = vec![0; wanted.len()];
    let mut left = room;
    for (done, part) in smallest_first.iter().enumerate() {
        let share = wanted[*part].min(left / (wanted.len() - done));
        shares[*part] = share;
        left -= share;
    }
    shares
}

/// How many rows fit, counted from the first, by their lengths in characters.
pub(super) fn rows_that_fit(rows: &[String], room: usize) -> usize {
    let mut used = 0;
    let fits = |row: &&String| {
        used += row.chars().count();
        used <= room
    };
    rows.iter().take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::{rows_that_fit, shares};

    #[test]
    fn a_large_part_does_not_starve_the_others() {
        assert_eq!(shares(&[1_000, 10, 500], 100), [45, 10, 45]);
        assert_eq!(shares(&[10, 20], 100), [10, 20]);
        assert_eq!(shares(&[], 100), [0_usize; 0]);
        assert_eq!(shares(&[5, 5], 0), [0, 0]);
    }

    #[test]
    fn rows_are_kept_whole() {
        let rows = ["éé".to_owned(), "bb".to_owned(), "c".to_owned()];
        assert_eq!(rows_that_fit(&rows, 4), 2);
        assert_eq!(rows_that_fit(&rows, 1), 0);
    }
}
