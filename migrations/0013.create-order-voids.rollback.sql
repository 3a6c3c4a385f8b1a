DROP TABLE order_voids;
