//! Text inside the page that only its script reads: deflated and in Base64, so that neither its size nor its content
//! bears on what a browser has to parse.

use std::io::{self, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

/// A pack is closed when it holds so many bytes: opening one case does not open thousands.
const PACK: usize = 256 * 1024;

/// Cases that are told on demand, gathered into packs.
#[derive(Default)]
pub(super) struct Packer {
    waiting: Vec<String>,
    size: usize,
    packs: usize,
}

/// Where a case lies: the pack, and which one of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Place(usize, usize);

impl Packer {
    /// Takes the telling of a case, and writes a pack where one is full.
    pub fn add(&mut self, telling: String, out: &mut dyn Write) -> io::Result<Place> {
        let place = Place(self.packs, self.waiting.len());
        self.size += telling.len();
        self.waiting.push(telling);
        if self.size >= PACK {
            self.close(out)?;
        }
        Ok(place)
    }

    /// Writes what is waiting.
    pub fn close(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.waiting.is_empty() {
            write(&format!("pack-{}", self.packs), &self.waiting, out)?;
            self.waiting.clear();
            self.size = 0;
            self.packs += 1;
        }
        Ok(())
    }
}

/// Writes data as an element that the script finds by its id. A browser neither runs nor shows it.
pub(super) fn write(id: &str, data: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<script type=\"text/plain\" id=\"{id}\">")?;
    let base64 = EncoderWriter::new(&mut *out, &STANDARD);
    let mut deflate = DeflateEncoder::new(base64, Compression::fast());
    let mut buffered = io::BufWriter::new(&mut deflate);
    serde_json::to_writer(&mut buffered, data)?;
    buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
    deflate.finish()?.finish()?;
    out.write_all(b"</script>\n")
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use base64::Engine;
    use flate2::read::DeflateDecoder;

    use super::*;

    #[test]
    fn what_is_packed_cannot_be_markup_and_comes_out_again() {
        let telling = "</script><script>alert(1)</script>".to_owned();
        let mut packer = Packer::default();
        let mut page = Vec::new();
        assert_eq!(packer.add(telling.clone(), &mut page).unwrap(), Place(0, 0));
        assert_eq!(packer.add("x".repeat(PACK), &mut page).unwrap(), Place(0, 1));
        assert_eq!(packer.add("y".into(), &mut page).unwrap(), Place(1, 0));
        packer.close(&mut page).unwrap();
        packer.close(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert_eq!(page.matches('<').count(), 4, "{page}");
        let base64 = page.split(['>', '<']).nth(2).unwrap();
        let bytes = STANDARD.decode(base64).unwrap();
        let mut json = String::new();
        DeflateDecoder::new(&bytes[..]).read_to_string(&mut json).unwrap();
        let tellings: Vec<String> = serde_json::from_str(&json).unwrap();
        assert_eq!(tellings[0], telling);
    }
}
