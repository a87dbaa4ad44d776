//! A strict reader of TAP version 14: what it does not know, it refuses.

use serde_json::Value;

/// A test point.
#[derive(Debug)]
pub struct Point {
    pub ok: bool,
    pub name: String,
    pub skip: Option<String>,
    pub todo: bool,
    pub diagnosis: Value,
    /// The points of its subtest.
    pub points: Vec<Point>,
}

/// Reads a document.
pub fn parse(text: &str) -> Result<Vec<Point>, String> {
    let mut lines = text.lines();
    if lines.next() != Some("TAP version 14") {
        return Err("it does not begin with its version".into());
    }
    let lines: Vec<&str> = lines.collect();
    let mut at = 0;
    let points = points(&lines, &mut at, "")?;
    while lines.get(at).is_some_and(|line| line.starts_with("# ")) {
        at += 1;
    }
    match lines.get(at) {
        None => Ok(points),
        Some(line) if line.starts_with("Bail out!") && at + 1 == lines.len() => Ok(points),
        Some(line) => Err(format!("line {at}: {line}")),
    }
}

/// The plan and points of one level.
fn points(lines: &[&str], at: &mut usize, indent: &str) -> Result<Vec<Point>, String> {
    let wrong = |at: usize| Err(format!("line {at}: {}", lines.get(at).unwrap_or(&"the end")));
    let here = |at: usize| lines.get(at).and_then(|line| line.strip_prefix(indent));
    let Some(plan) = here(*at).and_then(|line| line.strip_prefix("1..")) else {
        return wrong(*at);
    };
    let number = plan.split(" # SKIP").next().unwrap_or_default();
    let Ok(count) = number.parse::<usize>() else {
        return wrong(*at);
    };
    *at += 1;
    let mut found = Vec::new();
    while found.len() < count {
        let mut subtest = Vec::new();
        match here(*at) {
            Some(line) if line.starts_with("# Subtest: ") => {
                *at += 1;
                subtest = points(lines, at, &format!("{indent}    "))?;
            }
            Some(line) if line.starts_with("# ") => {
                *at += 1;
                continue;
            }
            _ => {}
        }
        let Some(mut point) = here(*at).and_then(|line| point(line, found.len() + 1)) else {
            return wrong(*at);
        };
        *at += 1;
        if here(*at) == Some("  ---") {
            let mut yaml = String::new();
            loop {
                *at += 1;
                match here(*at) {
                    Some("  ...") => break,
                    Some(line) if line.starts_with("  ") => yaml += &format!("{}\n", &line[2..]),
                    Some("") => yaml.push('\n'),
                    _ => return wrong(*at),
                }
            }
            *at += 1;
            point.diagnosis = serde_yaml::from_str(&yaml).map_err(|error| format!("{error} in\n{yaml}"))?;
        }
        point.points = subtest;
        found.push(point);
    }
    Ok(found)
}

/// `not ok 3 - name # SKIP why`
fn point(line: &str, number: usize) -> Option<Point> {
    let (ok, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ")?),
    };
    let rest = rest.strip_prefix(&number.to_string())?.strip_prefix(" - ")?;
    let mut name = String::new();
    let mut directive = None;
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => name.push(chars.next()?.1),
            '#' => {
                directive = Some(rest[at + 1..].trim());
                break;
            }
            c => name.push(c),
        }
    }
    let word = |word: &str| directive.and_then(|text| text.strip_prefix(word)).map(str::to_owned);
    if directive.is_some() && word("SKIP").is_none() && word("TODO").is_none() {
        return None;
    }
    Some(Point {
        ok,
        name: name.trim().to_owned(),
        skip: word("SKIP"),
        todo: word("TODO").is_some(),
        diagnosis: Value::Null,
        points: Vec::new(),
    })
}
