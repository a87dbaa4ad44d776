//! How a schema is written to a file: small things on one line, so that a change of the definitions is a small diff.

use serde_json::Value;

/// The width up to which an object or array stays on one line.
const WIDTH: usize = 120;

/// Writes a document with a line break at its end. The same value gives the same bytes.
#[must_use]
pub fn layout(document: &Value) -> String {
    let mut text = String::new();
    write(document, 0, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, indent: usize, used: usize, text: &mut String) {
    let compact = one_line(value);
    let children: Vec<(Option<&str>, &Value)> = match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(name, child)| (Some(name.as_str()), child))
            .collect(),
        Value::Array(items) => items.iter().map(|child| (None, child)).collect(),
        _ => Vec::new(),
    };
    if children.is_empty() || indent > 0 && indent + used + compact.len() <= WIDTH {
        text.push_str(&compact);
        return;
    }
    let (open, close) = if value.is_object() { ('{', '}') } else { ('[', ']') };
    text.push(open);
    let all_small = children
        .iter()
        .all(|(name, child)| name.is_none() && !child.is_object() && !child.is_array());
    let mut line = WIDTH;
    for (at, (name, child)) in children.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        let inner = indent + 2;
        let label = name.map(|name| format!("{}: ", Value::from(name))).unwrap_or_default();
        let length = label.len() + one_line(child).len() + 2;
        // Lists of codes fill their lines.
        if all_small && line + length <= WIDTH {
            text.push(' ');
            line += length;
        } else {
            text.push('\n');
            text.push_str(&" ".repeat(inner));
            line = inner + length;
        }
        text.push_str(&label);
        write(child, inner, label.len(), text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let entries = entries
                .iter()
                .map(|(name, child)| format!("{}: {}", Value::from(name.as_str()), one_line(child)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_layout_is_the_same_document() {
        let document = json!({"a": {"b": [1, 2], "c": "x".repeat(130)}, "d": (0..100).collect::<Vec<_>>(), "e": {}});
        let text = layout(&document);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), document);
        assert!(text.lines().count() < 20, "{text}");
    }
}
