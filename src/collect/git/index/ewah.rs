//! The compressed bitmaps of a split index.

/// Reads one bitmap from the front of `bytes`: the positions of its set bits in order, and what follows it.
///
/// The form (git's `ewah` documentation): number of bits, number of 64-bit words, the words, the position of the last marker word;
/// a marker word holds a repeated bit, how often its word is repeated, and how many literal words follow. `None` when a set bit is
/// at or above `bound` or the form is broken, so that a hostile length costs nothing.
pub(super) fn read(bytes: &[u8], bound: usize) -> Option<(Vec<usize>, &[u8])> {
    let (_bits, rest) = take_u32(bytes)?;
    let (count, rest) = take_u32(rest)?;
    let length = (count as usize).checked_mul(8)?;
    let (words, rest) = rest.split_at_checked(length)?;
    let (_marker, rest) = take_u32(rest)?;
    let mut words = words.as_chunks::<8>().0.iter().map(|word| u64::from_be_bytes(*word));
    let mut set = Vec::new();
    let mut at: u64 = 0;
    while let Some(marker) = words.next() {
        let repeated = (marker >> 1) & 0xffff_ffff;
        let end = at.checked_add(repeated.checked_mul(64)?)?;
        if marker & 1 == 1 && repeated > 0 {
            // The last word may reach beyond the last position, as a whole word of set bits never does in what git writes.
            if end > bound as u64 {
                return None;
            }
            set.extend((at..end).map(|bit| bit as usize));
        }
        at = end;
        for _ in 0..marker >> 33 {
            let word = words.next()?;
            for bit in (0..64).filter(|bit| word >> bit & 1 == 1) {
                let position = at.checked_add(bit)?;
                if position >= bound as u64 {
                    return None;
                }
                set.push(position as usize);
            }
            at = at.checked_add(64)?;
        }
    }
    Some((set, rest))
}

fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(words: &[u64]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, 0];
        bytes.extend((words.len() as u32).to_be_bytes());
        bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        bytes.extend([0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn runs_and_literals() {
        // 64 set bits, then one literal word.
        let bytes = bitmap(&[1 | 1 << 1 | 1 << 33, 0b101]);
        let (set, rest) = read(&bytes, 100).unwrap();
        assert_eq!(set, (0..64).chain([64, 66]).collect::<Vec<_>>());
        assert!(rest.is_empty());
    }

    #[test]
    fn a_hostile_length_is_refused() {
        assert_eq!(read(&bitmap(&[1 | 0xffff_ffff << 1]), 1000), None);
        assert_eq!(read(&bitmap(&[5 << 33]), 1000), None);
        assert_eq!(read(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff], 1000), None);
    }
}
