use serde::Serialize;

use super::{RENDER_CMD_ARGS, ServerSettings};
use crate::generate::template::{Escape, Template, TemplateError, python_string};

/// `gunicorn.conf.py`. Its values are composed here, because some are expressions.
static CONFIG: Template = Template::new(
    "gunicorn/gunicorn.conf.py.hbs",
    include_str!("../../../templates/gunicorn/gunicorn.conf.py.hbs"),
    Escape::Whole,
);

#[derive(Serialize)]
struct Data {
    preset: &'static str,
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
    comment: String,
}

/// `gunicorn.conf.py` with the settings that are known. The start command that goes with it keeps `--bind
/// 0.0.0.0:$PORT`, because Render's preset wins over the file's address.
///
/// # Errors
/// The template is malformed: a defect of palier.
pub fn config_file(settings: &ServerSettings) -> Result<String, TemplateError> {
    let mut settings = lines(settings);
    for setting in &mut settings {
        let options = textwrap::Options::new(116).initial_indent("# ").subsequent_indent("# ");
        setting.comment = textwrap::fill(&setting.comment, options);
    }
    CONFIG.render(&Data { preset: RENDER_CMD_ARGS, settings })
}

fn lines(settings: &ServerSettings) -> Vec<Setting> {
    let number = |name, value: Option<u32>, comment: &str| {
        value.map(|value| Setting { name, value: value.to_string(), comment: comment.to_owned() })
    };
    let class = settings.worker_class.as_deref().map(|class| Setting {
        name: "worker_class",
        value: python_string(class),
        comment: "How a worker serves requests.".to_owned(),
    });
    let threads = settings.threads.filter(|_| !settings.is_asgi());
    let preload = settings.preload.map(|preload| Setting {
        name: "preload_app",
        value: if preload { "True" } else { "False" }.to_owned(),
        comment: preload_comment(preload),
    });
    let known = [
        number("workers", settings.workers, "Processes. A flag --workers and GUNICORN_CMD_ARGS win over this number."),
        number("threads", threads, "Threads in each process."),
        class,
        number("timeout", settings.timeout, "Seconds of silence after which a worker is replaced."),
        number("max_requests", settings.max_requests, "Requests after which a worker is replaced, against slow leaks."),
        number(
            "max_requests_jitter",
            settings.max_requests_jitter,
            "Spread of that number, so that not all workers are replaced at once.",
        ),
        preload,
    ];
    known.into_iter().flatten().collect()
}

fn preload_comment(preload: bool) -> String {
    if preload {
        "The application is loaded once, before the workers fork: open connections only after that.".to_owned()
    } else {
        "Each worker loads the application itself. Render's preset has --preload, which wins over this line and which no \
         flag switches off: set GUNICORN_CMD_ARGS without it."
            .to_owned()
    }
}
