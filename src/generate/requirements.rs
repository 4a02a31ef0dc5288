use crate::project::Application;

/// The plain requirements file of an application: the one place where a requirement can be added by appending a line.
/// `None` where a lock file, pyproject or Pipfile rules, because those are written by their own tools.
#[must_use]
pub(super) fn requirements_file(application: &Application) -> Option<&str> {
    application.editable_requirements()
}

/// The file with the missing packages appended, each on a line of its own; the user's lines stay byte for byte.
#[must_use]
pub(super) fn with_packages(text: &str, packages: &[&str]) -> String {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut out = text.to_owned();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push_str(line_end);
    }
    for package in packages {
        out.push_str(package);
        out.push_str(line_end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::with_packages;

    #[test]
    fn packages_come_after_the_user_s_lines_with_their_line_ends() {
        assert_eq!(with_packages("a==1\r\nb", &["uvicorn-worker"]), "a==1\r\nb\r\nuvicorn-worker\r\n");
        assert_eq!(with_packages("", &["gunicorn"]), "gunicorn\n");
    }
}
