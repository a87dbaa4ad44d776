//! JSON of results, as `serde_json` writes it, but faster where texts are long: bodies are most of a journal, and in a body of
//! JSON every fifth character is a quote.
//!
//! `serde_json` writes each piece between two quotes by itself. Here a long text is handed over as bytes, for which a
//! [`Formatter`] chooses the form, and the form is the text, escaped eight bytes at a time. The tests hold both to each other.

use std::fmt::Display;
use std::io;

use serde::Serialize;
use serde::ser::{self, Serializer};
use serde_json::ser::Formatter;

/// From this length on a text is worth it.
const LONG: usize = 64;

/// Writes a value as one line of JSON, without white space.
///
/// # Errors
/// Where writing fails, or a value cannot be JSON.
pub fn write<T: Serialize + ?Sized>(out: impl io::Write, value: &T) -> serde_json::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Compact::default());
    value.serialize(Escaping(&mut serializer))
}

/// The compact form, in which bytes are a text.
#[derive(Default)]
struct Compact {
    escaped: Vec<u8>,
}

impl Formatter for Compact {
    fn write_byte_array<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &[u8]) -> io::Result<()> {
        self.escaped.clear();
        self.escaped.push(b'"');
        escape(text, &mut self.escaped);
        self.escaped.push(b'"');
        writer.write_all(&self.escaped)
    }
}

/// Appends a text as it stands between the quotes of JSON.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + text.len() / 4);
    let mut rest = text;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        out.extend_from_slice(eight);
        let marks = special(u64::from_le_bytes(*eight));
        if marks == 0 {
            rest = after;
        } else {
            let clean = marks.trailing_zeros() as usize / 8;
            out.truncate(out.len() - (8 - clean));
            escape_byte(eight[clean], out);
            rest = &rest[clean + 1..];
        }
    }
    for &byte in rest {
        if byte < b' ' || matches!(byte, b'"' | b'\\') {
            escape_byte(byte, out);
        } else {
            out.push(byte);
        }
    }
}

/// The top bits of the bytes that have to be escaped. Only the lowest of them is sure: what is above it may be there
/// because of a borrow.
const fn special(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    const fn below(bytes: u64, limit: u8) -> u64 {
        bytes.wrapping_sub(ONES * limit as u64) & !bytes & TOPS
    }
    const fn is(bytes: u64, byte: u8) -> u64 {
        below(bytes ^ (ONES * byte as u64), 1)
    }
    below(eight, b' ') | is(eight, b'"') | is(eight, b'\\')
}

fn escape_byte(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0C => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// A serializer, or a part of one, that hands long texts over as bytes, and everything else as it is.
struct Escaping<S>(S);

/// A value inside of one that is written so.
struct Inner<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Inner<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Escaping(serializer))
    }
}

/// Methods that take one value and hand it on.
macro_rules! plain {
    ($($name:ident $type:ty,)*) => {
        $(fn $name(self, value: $type) -> Result<S::Ok, S::Error> { self.0.$name(value) })*
    };
}

/// Methods that begin something with parts.
macro_rules! begin {
    ($($name:ident $part:ident ($($argument:ident: $type:ty),*),)*) => {
        $(fn $name(self, $($argument: $type),*) -> Result<Self::$part, S::Error> {
            self.0.$name($($argument),*).map(Escaping)
        })*
    };
}

impl<S: Serializer> Serializer for Escaping<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Escaping<S::SerializeSeq>;
    type SerializeTuple = Escaping<S::SerializeTuple>;
    type SerializeTupleStruct = Escaping<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Escaping<S::SerializeTupleVariant>;
    type SerializeMap = Escaping<S::SerializeMap>;
    type SerializeStruct = Escaping<S::SerializeStruct>;
    type SerializeStructVariant = Escaping<S::SerializeStructVariant>;

    plain! {
        serialize_bool bool,
        serialize_i8 i8,
        serialize_i16 i16,
        serialize_i32 i32,
        serialize_i64 i64,
        serialize_i128 i128,
        serialize_u8 u8,
        serialize_u16 u16,
        serialize_u32 u32,
        serialize_u64 u64,
        serialize_u128 u128,
        serialize_f32 f32,
        serialize_f64 f64,
        serialize_char char,
        serialize_unit_struct &'static str,
    }

    begin! {
        serialize_seq SerializeSeq(length: Option<usize>),
        serialize_tuple SerializeTuple(length: usize),
        serialize_tuple_struct SerializeTupleStruct(name: &'static str, length: usize),
        serialize_tuple_variant SerializeTupleVariant(name: &'static str, index: u32, variant: &'static str, length: usize),
        serialize_map SerializeMap(length: Option<usize>),
        serialize_struct SerializeStruct(name: &'static str, length: usize),
        serialize_struct_variant SerializeStructVariant(name: &'static str, index: u32, variant: &'static str, length: usize),
    }

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        if text.len() < LONG {
            self.0.serialize_str(text)
        } else {
            self.0.serialize_bytes(text.as_bytes())
        }
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        // Bytes would become a text; nothing in a result is written as bytes, so they are what they are without us.
        self.0.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Inner(value))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit()
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Inner(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Inner(value))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// The parts of lists, and of what is like a list.
macro_rules! items {
    ($($part:ident $method:ident,)*) => {
        $(impl<S: ser::$part> ser::$part for Escaping<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.0.$method(&Inner(value))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        })*
    };
}

items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// The parts of structs.
macro_rules! fields {
    ($($part:ident,)*) => {
        $(impl<S: ser::$part> ser::$part for Escaping<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), S::Error> {
                // Numbers of JSON are written through a struct of one field, which has to stay the text that it is.
                if name == NUMBER { self.0.serialize_field(name, value) } else { self.0.serialize_field(name, &Inner(value)) }
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), S::Error> {
                self.0.skip_field(name)
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        })*
    };
}

/// The name under which `serde_json` hands over a number whose digits are kept.
const NUMBER: &str = "$serde_json::private::Number";

fields! { SerializeStruct, SerializeStructVariant, }

impl<S: ser::SerializeMap> ser::SerializeMap for Escaping<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        // Keys are texts in any case, and bytes cannot be one.
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.0.serialize_value(&Inner(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn compare<T: Serialize>(value: &T) {
        let mut ours = Vec::new();
        write(&mut ours, value).unwrap();
        let theirs = serde_json::to_string(value).unwrap();
        assert_eq!(String::from_utf8(ours).unwrap(), theirs);
    }

    #[derive(Serialize)]
    enum Every {
        Unit,
        New(Box<Every>),
        Tuple(u8, String),
        Struct { text: String, nothing: Option<bool> },
    }

    #[test]
    fn everything_is_written_as_serde_json_writes_it() {
        let long =
            "a \"quoted\" text, \\ and \u{1}\u{8}\u{c}\t\r\n\u{7f} größer than 64 bytes: 小林 \u{2028}".repeat(2);
        compare(&long);
        compare(&Every::New(Box::new(Every::Struct {
            text: long.clone(),
            nothing: None,
        })));
        compare(&[Every::Unit, Every::Tuple(1, long.clone())]);
        compare(&(1.5, 'x', (), Some(&long), BTreeMap::from([(long.clone(), i128::MAX)])));
        compare(&serde_json::from_str::<Value>(&format!("[1.10, 1{}, -0.0e7]", "0".repeat(80))).unwrap());
        compare(&json!({ &long: [&long, { "a": &long }], "b": null }));
        let bytes: [u8; 2] = [1, 2];
        compare(&bytes);
    }

    proptest! {
        #[test]
        fn so_is_every_text(text in "[\u{0}-\u{21}\"\\\\a-cü\u{7f}-\u{a0}\u{2028}]{0,200}") {
            compare(&text);
        }
    }
}
