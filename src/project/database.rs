//! Which database an application uses.

use super::application::{DatabaseUse, Detected};
use super::blueprint::{EnvSource, Service};
use super::comments::Comments;
use super::dependencies::Dependencies;
use super::environment::{Environment, Setting};
use super::python_script::{Assigned, Names};

/// Drivers by the database that they talk to.
const DRIVERS: &[(DatabaseUse, &[&str])] = &[
    (
        DatabaseUse::Postgres,
        &["psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "asyncpg", "pg8000", "aiopg", "psycopg2cffi"],
    ),
    (DatabaseUse::Mysql, &["mysqlclient", "pymysql", "aiomysql", "asyncmy", "mysql-connector-python", "mariadb"]),
    (DatabaseUse::Mongodb, &["pymongo", "motor", "mongoengine", "beanie", "odmantic", "djongo", "flask-pymongo"]),
    (
        DatabaseUse::Other,
        &["pyodbc", "oracledb", "cx-oracle", "pymssql", "neo4j", "cassandra-driver", "snowflake-connector-python"],
    ),
];

/// Libraries that talk to some database, so that "none" cannot be said beside them.
const MAPPERS: &[&str] = &[
    "sqlalchemy",
    "sqlmodel",
    "flask-sqlalchemy",
    "tortoise-orm",
    "peewee",
    "pony",
    "databases",
    "django",
    "supabase",
    "aiosqlite",
    "prisma",
    "edgedb",
    "gel",
    "piccolo",
    "ormar",
    "boto3",
    "firebase-admin",
    "google-cloud-firestore",
    "duckdb",
    "dataset",
    "records",
];

/// What there is to judge by.
pub(super) struct Evidence<'a> {
    /// The service, when there is a blueprint.
    pub(super) service: Option<&'a Service>,
    /// Its variables.
    pub(super) environment: &'a Environment,
    /// The packages.
    pub(super) dependencies: &'a Dependencies,
    /// Django's settings.
    pub(super) settings: Option<&'a Names>,
    /// Comments of the blueprint.
    pub(super) comments: Option<&'a Comments>,
    /// Whether the code imports `sqlite3`; `None` when it was not looked at.
    pub(super) imports_sqlite: Option<bool>,
}

/// Finds the database.
pub(super) fn detect(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    from_blueprint(evidence)
        .or_else(|| from_values(evidence))
        .or_else(|| from_settings(evidence))
        .or_else(|| from_comments(evidence))
        .or_else(|| from_drivers(evidence))
        .or_else(|| none_at_all(evidence))
}

/// Render's databases are Postgres, every one.
fn from_blueprint(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    let variables = &evidence.service?.env;
    variables.iter().find_map(|variable| match &variable.source {
        EnvSource::Database { name, .. } => Some(Detected {
            value: DatabaseUse::Postgres,
            evidence: format!(
                "{}:{}, {} comes from the database {name}",
                evidence.environment.file, variable.line, variable.key
            ),
        }),
        _ => None,
    })
}

/// The scheme of an address in the blueprint; the address itself goes nowhere.
fn from_values(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    let names: Vec<&str> = evidence.environment.names().filter(|name| names_a_database(name)).collect();
    names.iter().find_map(|name| match evidence.environment.get(name) {
        Setting::Known(value) => Some(Detected {
            value: scheme(&value)?,
            evidence: format!("{}, the scheme of {name}", evidence.environment.file),
        }),
        _ => None,
    })
}

fn names_a_database(name: &str) -> bool {
    let name = name.to_uppercase();
    ["DATABASE_UR", "DB_UR", "POSTGRES", "MONGO", "MYSQL", "PG_UR"].iter().any(|part| name.contains(part))
}

/// The database behind a scheme: `postgresql+asyncpg://`.
fn scheme(address: &str) -> Option<DatabaseUse> {
    let (scheme, _) = address.trim().split_once(':')?;
    let base = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    Some(match base.as_str() {
        "postgres" | "postgresql" | "postgis" | "psql" | "pgsql" => DatabaseUse::Postgres,
        "mysql" | "mariadb" | "mysql2" => DatabaseUse::Mysql,
        "sqlite" | "sqlite3" => DatabaseUse::Sqlite,
        "mongodb" => DatabaseUse::Mongodb,
        "mssql" | "oracle" | "cockroachdb" => DatabaseUse::Other,
        _ => return None,
    })
}

/// Django's `DATABASES`, with what each branch of it may choose.
fn from_settings(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    let settings = evidence.settings?;
    let mut kinds: Vec<(DatabaseUse, &str)> = Vec::new();
    for assigned in settings.of("DATABASES") {
        kinds.push((kind_of(assigned, evidence)?, &assigned.place));
    }
    let driver = only_driver(evidence.dependencies);
    let last = kinds.last()?;
    let same = kinds.iter().all(|(kind, _)| *kind == last.0);
    // SQLite beside a server whose driver is installed is the fallback of a developer's machine, provided that the
    // service may be given what the settings ask for.
    let server = kinds.iter().find(|(kind, _)| *kind != DatabaseUse::Sqlite && driver == Some(*kind));
    let (value, place) = if same { last } else { server? };
    Some(Detected { value: *value, evidence: format!("{place}, DATABASES") })
}

/// What one assignment of `DATABASES` holds.
fn kind_of(assigned: &Assigned, evidence: &Evidence<'_>) -> Option<DatabaseUse> {
    let engine = assigned.strings.iter().find_map(|text| engine(text));
    let parses = |call: &String| {
        call.starts_with("dj_database_url") || matches!(call.as_str(), "dburl" | "config" | "parse" | "env.db")
    };
    let parsed = assigned.calls.iter().any(parses);
    if !parsed && engine.is_some() {
        return engine;
    }
    // An address: the variable's, or the fallback that stands in the settings.
    let default_name = "DATABASE_URL".to_owned();
    let names: Vec<&String> =
        if assigned.variables.is_empty() { vec![&default_name] } else { assigned.variables.iter().collect() };
    let addresses: Vec<&String> = names.into_iter().filter(|name| names_a_database(name)).collect();
    let settings: Vec<Setting> = addresses.iter().map(|name| evidence.environment.get(name)).collect();
    for setting in &settings {
        if let Setting::Known(address) = setting {
            return scheme(address);
        }
    }
    if settings.contains(&Setting::Unknown) {
        return only_driver(evidence.dependencies);
    }
    assigned.strings.iter().find_map(|text| scheme(text)).or(engine)
}

/// The database behind a Django engine: `django.db.backends.postgresql`, `django.contrib.gis.db.backends.postgis`.
fn engine(text: &str) -> Option<DatabaseUse> {
    let (_, name) = text.rsplit_once('.').filter(|(module, _)| module.contains("backends") || module.contains("db"))?;
    Some(match name {
        "postgresql" | "postgresql_psycopg2" | "postgis" => DatabaseUse::Postgres,
        "mysql" => DatabaseUse::Mysql,
        "sqlite3" | "spatialite" => DatabaseUse::Sqlite,
        "oracle" => DatabaseUse::Other,
        _ => return None,
    })
}

/// What the comment beside a database variable says: Supabase and Neon sell nothing but Postgres.
fn from_comments(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    let (service, comments) = (evidence.service?, evidence.comments?);
    service.env.iter().filter(|variable| names_a_database(&variable.key)).find_map(|variable| {
        let words = comments.beside(variable.line);
        let name = ["supabase", "neon", "postgres"].into_iter().find(|name| words.contains(name))?;
        (!words.contains("mysql") && !words.contains("mongo")).then(|| Detected {
            value: DatabaseUse::Postgres,
            evidence: format!(
                "{}:{}, the comment beside {} says {name}",
                evidence.environment.file, variable.line, variable.key
            ),
        })
    })
}

fn drivers(dependencies: &Dependencies) -> Vec<(DatabaseUse, &'static str)> {
    DRIVERS.iter().filter_map(|(kind, names)| dependencies.first_of(names).map(|name| (*kind, name))).collect()
}

fn only_driver(dependencies: &Dependencies) -> Option<DatabaseUse> {
    match drivers(dependencies).as_slice() {
        [(kind, _)] => Some(*kind),
        _ => None,
    }
}

/// The one driver that is installed; a variable's name decides between two.
fn from_drivers(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    if evidence.settings.is_some() {
        return None;
    }
    let found = drivers(evidence.dependencies);
    let hint = |kind: DatabaseUse| {
        let part = match kind {
            DatabaseUse::Postgres => "POSTGRES",
            DatabaseUse::Mysql => "MYSQL",
            DatabaseUse::Mongodb => "MONGO",
            _ => return false,
        };
        evidence.environment.names().any(|name| name.to_uppercase().contains(part))
    };
    let chosen = match found.as_slice() {
        [only] => only,
        several => {
            let mut hinted = several.iter().filter(|(kind, _)| hint(*kind));
            let first = hinted.next()?;
            if hinted.next().is_some() {
                return None;
            }
            first
        }
    };
    Some(Detected { value: chosen.0, evidence: format!("{} is a dependency", chosen.1) })
}

fn none_at_all(evidence: &Evidence<'_>) -> Option<Detected<DatabaseUse>> {
    let dependencies = evidence.dependencies;
    let silent = !dependencies.packages.is_empty()
        && drivers(dependencies).is_empty()
        && dependencies.first_of(MAPPERS).is_none()
        && evidence.imports_sqlite == Some(false)
        && !evidence.environment.names().any(names_a_database);
    silent.then(|| Detected {
        value: DatabaseUse::None,
        evidence: "no database driver among the dependencies".to_owned(),
    })
}
