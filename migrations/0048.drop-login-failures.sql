-- failed_logins and familiar_addresses took the place of these two in 0032. The versions that use them are gone, and
-- nobody removes their old rows, which are addresses of people.
-- depends: 0047.create-store-settings

-- squawk-ignore ban-drop-table
DROP TABLE login_addresses;

-- By its name, so that bin/tableorder check, which reads the migrations, no longer looks for it.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX idx_login_failures_age;

-- squawk-ignore ban-drop-table
DROP TABLE login_failures;
