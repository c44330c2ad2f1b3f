-- Two roles that take turns to sign in, so that a password is changed while nobody uses it (sign-in.md). Run by the administrator with psql, in each
-- database of MLflow; again does no harm. All tables belong to a third role that nobody signs in as, and which the two act as.
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I NOLOGIN', :'owner') WHERE to_regrole(quote_ident(:'owner')) IS NULL \gexec
SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', role, :'owner')
  FROM unnest(ARRAY[:'owner' || '_a', :'owner' || '_b']) AS role WHERE to_regrole(quote_ident(role)) IS NULL \gexec
SELECT format('ALTER ROLE %I SET role = %L', role, :'owner') FROM unnest(ARRAY[:'owner' || '_a', :'owner' || '_b']) AS role \gexec

-- The administrator, as whom the server may still be signed in, keeps its access to the tables.
GRANT :"owner" TO CURRENT_USER WITH INHERIT TRUE, SET TRUE;
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";

-- Each in a transaction of its own: locks on several tables at once could meet those of a writer in a deadlock.
SELECT format('ALTER TABLE public.%I OWNER TO %I', tablename, :'owner') FROM pg_tables WHERE schemaname = 'public' AND tableowner <> :'owner' \gexec
