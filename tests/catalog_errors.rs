//! A catalog file that is wrong is refused with the file, the offer and the reason.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use palier::catalog::Catalog;

const HEAD: &str = "provider = \"render\"\n[[group]]\ncomponent = \"compute\"\nas_of = 2026-10-01\n";

fn refused(text: &str) -> String {
    Catalog::parse(&[("plans/x.toml", text)]).expect_err("must be refused").to_string()
}

#[test]
fn an_offer_without_a_source_is_refused() {
    let error = refused(&format!("{HEAD}offers = [{{ id = \"a\" }}]\n"));
    assert!(error.contains("plans/x.toml") && error.contains("source"), "{error}");
    let error = refused(&format!("{HEAD}source = \"\"\noffers = [{{ id = \"a\" }}]\n"));
    assert!(error.contains("`a`") && error.contains("source"), "{error}");
}

#[test]
fn a_misspelt_fact_is_refused_with_its_line() {
    let error = refused(&format!("{HEAD}source = \"s\"\noffers = [{{ id = \"a\", monthyl = \"$1\" }}]\n"));
    assert!(error.contains("monthyl") && error.contains("line 6"), "{error}");
}

#[test]
fn a_price_that_is_no_amount_is_refused() {
    let error = refused(&format!("{HEAD}source = \"s\"\noffers = [{{ id = \"a\", monthly = \"seven\" }}]\n"));
    assert!(error.contains("seven"), "{error}");
}

#[test]
fn two_offers_of_one_name_are_refused() {
    let rows = "source = \"s\"\noffers = [{ id = \"a b\" }, { id = \"c\", aliases = [\"a_b\"] }]\n";
    let error = refused(&format!("{HEAD}{rows}"));
    assert!(error.contains("`a_b` already means `a b`"), "{error}");
}

#[test]
fn a_ladder_that_names_an_unknown_offer_is_refused() {
    let ladder = "name = \"l\"\ntitle = \"t\"\nsource = \"s\"\n[[stage]]\nname = \"one\"\nfrom_users = 0\nweb = \"huge\"\n\
                  workers = 1\nserver = \"uvicorn\"\ndatabase = \"free\"\ndatabase_disk_gb = 1\n";
    let error = Catalog::parse(&[("plans/ladders/l.toml", ladder)]).expect_err("unknown offer").to_string();
    assert!(error.contains("`one`") && error.contains("`huge`"), "{error}");
}
