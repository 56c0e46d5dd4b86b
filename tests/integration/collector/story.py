"""A customer's visit as a shop's code tells it to Segment's libraries, and what has to be on the topics then.

The examples are those of Segment's e-commerce specification.
"""

from __future__ import annotations

from typing import Any

MONOPOLY = {
    "product_id": "507f1f77bcf86cd799439011",
    "sku": "45790-32",
    "name": "Monopoly: 3rd Edition",
    "price": 18.99,
    "category": "Games",
}
UNO = {"product_id": "505bd76785ebb509fc183733", "sku": "46493-32", "name": "Uno Card Game", "price": 3, "quantity": 2, "category": "Games"}
ORDER = {
    "order_id": "50314b8e9bcf000000000000", "total": 27.50, "subtotal": 22.50, "revenue": 22.50, "shipping": 3, "tax": 2, "discount": 2.5,
    "coupon": "hasbros", "currency": "USD", "products": [MONOPOLY | {"quantity": 1}, UNO],
}  # fmt: skip
TRAITS = {
    "email": "pgibbons@example.com", "firstName": "Peter", "birthday": "1971-02-19T00:00:00.000Z", "gender": "male", "plan": "premium",
    "logins": 5, "locale": "en-US", "consent": {"email": True},
    "address": {"street": "6th St", "city": "San Francisco", "state": "CA", "postalCode": "94103", "country": "USA"},
}  # fmt: skip


def calls(customer: str, visitor: str) -> list[tuple[str, dict[str, Any]]]:
    """(method, message): first of an anonymous visitor, who then turns out to be a customer."""

    def track(event: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        return "track", {"userId": customer, "event": event, "properties": properties}

    return [
        ("page", {"anonymousId": visitor, "name": "Home", "properties": {"url": "https://shop.example/"}}),
        ("track", {"anonymousId": visitor, "event": "Products Searched", "properties": {"query": "blue roses"}}),
        ("identify", {"userId": customer, "anonymousId": visitor, "traits": TRAITS}),
        ("screen", {"userId": customer, "category": "Sale", "name": "Summer"}),
        track("Product List Viewed", {"list_id": "hot_deals_1", "category": "Deals", "products": [MONOPOLY, UNO]}),
        track("Product Viewed", MONOPOLY | {"currency": "usd"}),
        track("Product Added", MONOPOLY | {"quantity": 1}),
        track("Product Added", UNO),
        track("Product Removed", UNO | {"quantity": 1}),
        track("Product Added to Wishlist", {"wishlist_id": "w1", **UNO}),
        track("Cart Viewed", {"cart_id": "d92jd29jd92jd29j92d92jd", "products": [MONOPOLY]}),
        track("Checkout Started", ORDER),
        track("Order Completed", ORDER),
        track("Order Refunded", {"order_id": ORDER["order_id"], "total": 3, "currency": "USD", "products": [UNO | {"quantity": 1}]}),
        track("Product Reviewed", {"product_id": UNO["product_id"], "review_body": "I love this product", "rating": "5"}),
        track("Email Opened", {"email_id": "18vzF7u3z", "campaign_id": "123"}),
        track("Unsubscribed", {"email_id": "18vzF7u3z", "list_id": "1425"}),
        track("Video Watched", {"title": "How it's made"}),
        ("group", {"userId": customer, "groupId": "0e8c78ea9d97a7b8185e8632", "traits": {"name": "Initech"}}),
        ("alias", {"previousId": f"{visitor}-before", "userId": customer}),
    ]


def events(customer: str, visitor: str) -> dict[str, list[dict[str, Any]]]:
    """What the calls above become, topic by topic in order of time, without `ts` and `event_id`."""
    him, monopoly, uno = {"customer_id": customer}, MONOPOLY["product_id"], UNO["product_id"]
    of_games = {"category_id": "Games"}
    return {
        "page-views": [
            {"customer_id": visitor, "page_type": "home", "url": "https://shop.example/"},
            {"customer_id": visitor, "page_type": "search", "query": "blue roses"},
            him | {"page_type": "sale"},
            him | {"page_type": "category", "category_id": "Deals"},
            him | {"page_type": "product", "product_id": monopoly, "price": 18.99, "currency": "USD"} | of_games,
            him | {"page_type": "cart"},
        ],
        "cart-events": [
            him | {"action": "add", "product_id": monopoly, "quantity": 1, "price": 18.99} | of_games,
            him | {"action": "add", "product_id": uno, "quantity": 2, "price": 3} | of_games,
            him | {"action": "remove", "product_id": uno, "quantity": 1, "price": 3} | of_games,
            him | {"action": "wishlist_add", "product_id": uno, "quantity": 2, "price": 3} | of_games,
            him | {"action": "checkout_started", "currency": "USD"},
        ],
        "purchases": [
            him
            | {
                "status": "placed", "order_id": ORDER["order_id"], "total": 27.5, "discount": 2.5, "coupon": "hasbros", "currency": "USD",
                "lines": [
                    {"product_id": monopoly, "quantity": 1, "price": 18.99} | of_games,
                    {"product_id": uno, "quantity": 2, "price": 3} | of_games,
                ],
            },
            him
            | {
                "status": "refunded", "order_id": ORDER["order_id"], "total": 3, "currency": "USD",
                "lines": [{"product_id": uno, "quantity": 1, "price": 3} | of_games],
            },
        ],
        "email-events": [
            him | {"type": "opened", "message_id": "18vzF7u3z"},
            him | {"type": "unsubscribed", "message_id": "18vzF7u3z"},
        ],
        "feedback": [him | {"kind": "review", "score": 5, "text": "I love this product", "product_id": uno}],
        "profiles": [
            him
            | {
                "email": "pgibbons@example.com", "first_name": "Peter", "birth_date": "1971-02-19", "gender": "male", "language": "en-US",
                "country": "USA", "region": "CA", "city": "San Francisco", "postal_code": "94103", "consent": {"email": True},
                "traits": {"plan": "premium", "logins": 5},
            },
        ],
        "identities": [him | {"anonymous_id": visitor}, him | {"anonymous_id": f"{visitor}-before"}],
    }  # fmt: skip
