"""Dates of expiry as registries write them."""

import pytest

from vedette.prober.registration.unanswered import Unanswered
from vedette.prober.registration.whoisdates import Unreadable, moment
from vedette.prober.registration.whoistext import Text


@pytest.mark.parametrize(
    ("domain", "said", "expires"),
    [
        ("a.com", "   Registry Expiry Date: 2027-08-13T04:00:00Z", "2027-08-13T04:00:00"),
        ("a.com", "Registrar Registration Expiration Date: 2027-08-12T21:00:00.00-0700",
         "2027-08-13T04:00:00"),
        ("a.co.uk", "    Relevant dates:\n        Expiry date:  14-Feb-2027",
         "2027-02-14T00:00:00"),
        ("a.fr", "Expiry Date: 2027-12-29T22:00:00Z", "2027-12-29T22:00:00"),
        ("a.it", "Expire Date:        2027-04-21", "2027-04-21T00:00:00"),
        ("a.ru", "paid-till:     2027-09-30T21:00:00Z", "2027-09-30T21:00:00"),
        ("a.com.br", "expires:     20270909", "2027-09-09T00:00:00"),
        ("a.cn", "Expiration Time: 2027-03-17 12:48:36", "2027-03-17T04:48:36"),
        ("a.kr", "Expiration Date             : 2027. 07. 11.", "2027-07-10T15:00:00"),
        ("a.jp", "[Expires on]                    2027/05/31", "2027-05-30T15:00:00"),
        ("a.com.tr", "Expires on..............: 2027-Aug-22.", "2027-08-22T00:00:00"),
        ("a.cz", "expire:       22.07.2027", "2027-07-22T00:00:00"),
        ("a.pl", "renewal date:          2027.09.18 13:00:00", "2027-09-18T13:00:00"),
        ("a.se", "expires:          2027-10-20", "2027-10-20T00:00:00"),
        ("a.fi", "expires............:  4.7.2027 10:15:55", "2027-07-04T10:15:55"),
        ("a.com.tw", "   Record expires on 2027-07-07 00:00:00 (UTC+8)", "2027-07-06T16:00:00"),
        ("a.tw", "   Record expires on 2027-05-31 (YYYY-MM-DD)", "2027-05-30T16:00:00"),
        ("a.hk", "Expiry Date: 31-03-2027", "2027-03-30T16:00:00"),
        ("a.com.ua", "expires:          2027-12-04 00:00:00+02", "2027-12-03T22:00:00"),
        ("a.mx", "Expiration Date:    2027-05-12", "2027-05-12T00:00:00"),
        ("a.dk", "Expires:              2027-03-31", "2027-03-31T00:00:00"),
        ("a.sk", "Valid Until:                  2027-07-24", "2027-07-24T00:00:00"),
        ("a.rs", "Expiration date: 10.03.2027 12:31:19", "2027-03-10T12:31:19"),
        ("a.ro", "  Expires On: 2027-09-17", "2027-09-17T00:00:00"),
        ("a.ee", "expire:     2027-04-10", "2027-04-10T00:00:00"),
        ("a.co.il", "validity:     09-10-2027", "2027-10-09T00:00:00"),
        ("a.co.th", "Exp date:            07 Oct 2027", "2027-10-07T00:00:00"),
        ("a.ir", "expire-date:   2027-12-22", "2027-12-22T00:00:00"),
        ("a.ar", "expire:\t\t2027-11-05 00:00:00", "2027-11-05T00:00:00"),
        ("a.io", "Expiry Date: 2027-11-05 00:00:00 UTC", "2027-11-05T00:00:00"),
    ],
)  # fmt: skip
def test_a_registrys_way_to_write_dates(domain: str, said: str, expires: str) -> None:
    found = Text.of(f"{said}\n".encode(), "whois.example").registration(domain)
    assert found.expires_at is not None
    assert found.expires_at.isoformat() == f"{expires}+00:00"


@pytest.mark.parametrize(
    ("stated", "tld"),
    [
        ("03-04-2027", "com"),
        ("03.04.2027", "com"),
        ("03/04/2027", "com"),
        ("04/03/27", "us"),
        ("31-02-2027", "hk"),
        ("2027-13-01", "se"),
        ("never", "se"),
        ("", "se"),
        ("2027-11-05 00:00:00 XYZT", "cl"),
        ("9999-12-31T23:59:59-23:00", "com"),
    ],
)
def test_nothing_is_guessed(stated: str, tld: str) -> None:
    with pytest.raises(Unreadable):
        moment(stated, tld)


def test_a_date_that_can_t_be_read_is_shown() -> None:
    text = Text.of(b"Domain Name: a.com\nRegistry Expiry Date: 03/04/27\n", "whois.example")
    with pytest.raises(Unanswered, match="'03/04/27'"):
        text.registration("a.com")


def test_values_that_stand_below_their_label() -> None:
    said = (
        "    Domain name:\n        a.co.uk\n\n    Registrar:\n        Names & Sons [Tag = NAMES]\n"
        "        URL: https://names.example\n\n    Name servers:\n        ns1.a.co.uk  192.0.2.1\n"
        "        ns2.a.co.uk\n\n    WHOIS lookup made at 10:00:00\n"
    )
    found = Text.of(said.encode(), "whois.example").registration("a.co.uk")
    assert found.exists
    assert found.registrar == "Names & Sons [Tag = NAMES]"
    assert found.nameservers == ("ns1.a.co.uk", "ns2.a.co.uk")
