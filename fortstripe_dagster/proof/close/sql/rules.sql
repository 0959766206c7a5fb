-- The company's own rules for what is sold, in the order in which the first that fits decides.
SELECT rule_no, rule,
       to_json({product: product, price: price, customer: customer, currency: currency, country: country,
                description: description, metadata: metadata})::VARCHAR AS fits,
       coalesce(account, '') AS account, coalesce(cost_center, '') AS cost_center, coalesce(project, '') AS project,
       coalesce(article, '') AS article, coalesce(supply, '') AS supply, vat_rate, coalesce(vat_class, '') AS vat_class,
       coalesce(kind, '') AS kind
FROM ledger.rules
ORDER BY rule_no
