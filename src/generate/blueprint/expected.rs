//! What a change means for the file's value, without regard to its text: the measure of every edit.

use serde_yaml::{Mapping, Value};

use super::change::{Change, Shown, Wanted};

/// Makes the change in a value; tells whether the value is another one now.
pub(super) fn apply(value: &mut Value, change: &Change) -> Result<bool, String> {
    let before = value.clone();
    let Some((last, above)) = change.path.split_last() else {
        return Err("the whole file cannot be replaced".to_owned());
    };
    match &change.wanted {
        Wanted::Scalar(wanted) => {
            let place = slot(value, change, &change.path)?;
            if matches!(place, Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_)) {
                return Err(format!("`{}` holds more than one value", Shown(&change.path)));
            }
            *place = json(&wanted.to_json())?;
        }
        Wanted::Append(item) => {
            let item = json(item)?;
            let place = slot(value, change, &change.path)?;
            if place.is_null() {
                *place = Value::Sequence(Vec::new());
            }
            let Value::Sequence(items) = place else {
                return Err(format!("`{}` is not a list", Shown(&change.path)));
            };
            if !items.contains(&item) {
                items.push(item);
            }
        }
        Wanted::Remove => match find(value, above) {
            Some(Value::Mapping(table)) => {
                table.shift_remove(last.as_str());
            }
            Some(Value::Sequence(items)) => {
                if let Some(index) = last.parse::<usize>().ok().filter(|index| *index < items.len()) {
                    items.remove(index);
                }
            }
            _ => {}
        },
    }
    Ok(*value != before)
}

/// The value at a path; tables that are missing on the way are created.
fn slot<'a>(value: &'a mut Value, change: &Change, path: &[String]) -> Result<&'a mut Value, String> {
    let mut place = value;
    for (depth, step) in path.iter().enumerate() {
        let above = &change.path[..depth];
        if place.is_null() && depth > 0 && !is_index(step) {
            *place = Value::Mapping(Mapping::new());
        }
        place = match place {
            Value::Sequence(items) => step
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get_mut(index))
                .ok_or_else(|| format!("`{}` has no item {step}", Shown(above)))?,
            Value::Mapping(table) if !is_index(step) || table.contains_key(step.as_str()) => {
                table.entry(Value::String(step.clone())).or_insert(Value::Null)
            }
            _ => return Err(format!("`{}` is neither a table nor a list that has `{step}`", Shown(above))),
        };
    }
    Ok(place)
}

fn find<'a>(value: &'a mut Value, path: &[String]) -> Option<&'a mut Value> {
    path.iter().try_fold(value, |value, step| match value {
        Value::Sequence(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Mapping(table) => table.get_mut(step.as_str()),
        _ => None,
    })
}

fn is_index(step: &str) -> bool {
    !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit())
}

fn json(value: &serde_json::Value) -> Result<Value, String> {
    serde_yaml::to_value(value).map_err(|error| format!("the wanted value cannot be written as YAML: {error}"))
}
