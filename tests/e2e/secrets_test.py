"""Secrets are planted as bearer tokens, keys, secretEnv values and the password of a repository, used rightly and wrongly,
and then looked for in everything that anybody could see: logs, answers, events, metrics, core files, the process list, and
every file that is not where that secret belongs."""
import base64
import http.client
import http.server
import os
import pathlib
import resource
import secrets
import signal
import socketserver
import subprocess
import threading
import urllib.parse

from farm import FarmTest, Http, job, main, upsert
from process import until

ORDINARY = 65534  # nobody


class GitOverHttp:
    """Repositories below a folder at http://, for who knows the password."""

    def __init__(self, folder, user, password):
        wanted = 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.0'

            def log_message(self, *_):
                pass

            def do_GET(self):
                if self.path.startswith('/moved/'):  # a redirect that must not be followed
                    self.send_response(302)
                    self.send_header('Location', self.path.replace('/moved/', '/'))
                    return self.end_headers()
                if self.headers.get('Authorization') != wanted:
                    self.send_response(401)
                    self.send_header('WWW-Authenticate', 'Basic realm="git"')
                    return self.end_headers()
                path, _, query = self.path.partition('?')
                env = {'PATH': os.environ['PATH'], 'GIT_PROJECT_ROOT': str(folder), 'GIT_HTTP_EXPORT_ALL': '1',
                       'PATH_INFO': urllib.parse.unquote(path), 'QUERY_STRING': query, 'REQUEST_METHOD': self.command,
                       'CONTENT_TYPE': self.headers.get('Content-Type', ''), 'REMOTE_USER': user,
                       'GIT_CONFIG_COUNT': '1', 'GIT_CONFIG_KEY_0': 'safe.directory', 'GIT_CONFIG_VALUE_0': '*',
                       'HTTP_CONTENT_ENCODING': self.headers.get('Content-Encoding', ''),
                       'HTTP_GIT_PROTOCOL': self.headers.get('Git-Protocol', '')}
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
                done = subprocess.run(['git', 'http-backend'], env=env, input=body, capture_output=True, check=False)
                head, _, rest = done.stdout.partition(b'\r\n\r\n')
                status = 200
                lines = [line.split(': ', 1) for line in head.decode().split('\r\n') if ': ' in line]
                for name, value in lines:
                    status = int(value.split()[0]) if name == 'Status' else status
                self.send_response(status)
                for name, value in lines:
                    if name != 'Status':
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(rest)

            do_POST = do_GET

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self.server = Server(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class SecretsTest(FarmTest):
    def ghost(self, *args, env=None, code=0):
        done = subprocess.run([self.farm.programs / 'ghost', *map(str, args)], capture_output=True, check=False,
                              env={'PATH': os.environ['PATH'], 'HOME': str(self.scratch), **(env or {})})
        self.seen.append(('ghost ' + str(args[0]), done.stdout + done.stderr))
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.decode().strip()

    def private(self, name, text):
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def plant(self):
        """A farm in which every kind of secret is in use; where each belongs is in self.homes."""
        self.seen, self.planted, self.homes = [], {}, {}
        keys = self.scratch / 'broker' / 'keys'
        token = self.ghost('token', 'create', 'root', '--scope', 'admin', '--keys', keys)
        self.ghost('keys', 'init', '--keys', keys)
        self.farm.start_broker('--advertise', '127.0.0.1', '--protocols', 'file:git:http:https:ssh',
                               clients='tcp://127.0.0.1:0,tcp://0.0.0.0:0', runners='tcp://0.0.0.0:0')
        self.farm.launch_relay()
        http_ = self.farm.http = Http(self.farm.relay.ready().facts['X_GHOST_HTTP'], token)
        env = {'GHOST_URL': http_.url, 'GHOST_TOKEN': token}
        joins = {name: self.ghost('keys', 'add', role, name, env=env) for role, name in (('relay', 'relay-9'), ('runner', 'r1'))}
        self.seen = []  # what is shown once on purpose
        password, value = secrets.token_hex(20), 'v4lue-' + secrets.token_hex(20)
        lines = f'-----BEGIN-----\n{secrets.token_hex(24)}\n{secrets.token_hex(24)}\n-----END-----'
        self.planted = {'token': token.rsplit('_', 1)[1], 'password': password, 'secretEnv': value,
                        'second line of a secret': lines.split('\n')[1],
                        **{f'key of {name}': join.split('/')[3] for name, join in joins.items()},
                        'key of the broker': (keys / 'broker.key').read_text().split()[1]}
        self.git = GitOverHttp(self.scratch, 'me', password)
        self.addCleanup(self.git.close)
        self.private('credentials/good', f'username=me\npassword={password}\n')
        self.private('credentials/bad', f'username=you\npassword={password}\n')
        env_file = self.private('secrets.env', f'VALUE={value}\nKEY="{lines}"\n'.replace(lines, lines.replace('\n', '\\n')))
        join_file = self.private('relay.join', joins['relay-9'])
        self.homes = {self.scratch / 'credentials' / 'good', self.scratch / 'credentials' / 'bad', env_file, join_file,
                      self.scratch / 'relay-9.kept', keys / 'broker.key', self.scratch / 'r1' / 'join'}
        relay = self.farm.make('relay-9', 'ghost-relay', '--http', '127.0.0.1:0', '--join', f'@{join_file}', '--join-file',
                               self.scratch / 'relay-9.kept', '--name', 'relay-9', '--log-level', 'debug').start()
        # The runner's key comes by the command line, from which it has to vanish.
        runner = self.farm.make('r1', 'ghost-runner', '--data', self.scratch / 'r1', '--isolation', 'none', '--join', joins['r1'],
                                '--credentials', self.scratch / 'credentials', '--secrets', env_file, '--protocols',
                                'file:http', '--allow-private', '127.0.0.0/8', '--log-level', 'debug').start()
        self.farm.runners['r1'] = runner
        self.http = Http(relay.facts['X_GHOST_HTTP'], token)

    def call(self, method, path, *more, client=None, **options):
        answer = (client or self.http).call(method, path, *more, **options)
        self.seen.append((f'{method} {path}', answer.body + str(answer.headers).encode()))
        return answer

    def use(self):
        """Rightly and wrongly."""
        self.farm.repo('r')
        for name, prefix, credential in (('r', '', 'good'), ('locked', '', 'bad'), ('gone', '/none', 'good'), ('moved', '/moved', 'good')):
            answer = self.call('PUT', f'/v1/repos/{name}', {'url': f'{self.git.url}{prefix}/r.git', 'credential': credential,
                                                           'defaultBranch': 'main'})
            self.assertEqual(answer.status, 200, answer)
        print_it = 'echo "$VALUE"; printf %s "${VALUE%%????????}"; sleep 0.1; printf "%s\\n" "${VALUE#"${VALUE%%????????}"}"; ' \
                   'echo "$KEY" >&2; echo "  $(echo "$KEY" | head -2 | tail -1)"; env; set'
        done = self.http.run(job(upsert('f', 'x\n'), [print_it, 'cat /proc/$PPID/environ || true'], id='prints', secretEnv=['VALUE', 'KEY'],
                                 onSuccess={'commit': {'message': 'm'}, 'branch': 'made', 'push': True}))
        self.assertEqual(done['state'], 'SUCCEEDED', done)
        self.assertIn(b'***', self.http.log('prints'))
        self.http.run(job(None, [print_it + '; exit 1'], id='fails', secretEnv=['VALUE', 'KEY']))
        for repo in ('locked', 'gone', 'moved'):
            self.http.call('POST', '/v1/patches', job(id=repo, base={'repo': repo}, maxAttempts=1))
            self.assertEqual(self.http.wait(repo)['state'], 'DEAD', repo)
        self.http.call('POST', '/v1/patches', job(id='no-such', secretEnv=['OTHER'], maxAttempts=1))
        self.http.wait('no-such')
        wrong = Http(self.http.url, self.http.token[:-1] + ('0' if self.http.token[-1] != '0' else '1'))
        for client in (wrong, Http(self.http.url, self.http.token + 'x'), Http(self.http.url, 'x' + self.http.token)):
            self.assertEqual(self.call('GET', '/v1/repos', client=client).status, 401)
        self.call('GET', '/v1/patches?token=' + self.http.token[6:22], client=wrong)
        self.call('POST', '/v1/tokens', {'name': 'root', 'scopes': ['admin']})
        self.call('POST', '/v1/tokens', {'name': self.http.token, 'scopes': ['nothing']}, client=wrong)

    def look(self):
        """Every answer, through HTTP and the command line."""
        for name in ('prints', 'fails', 'locked', 'gone', 'moved', 'no-such'):
            for rest in ('', '/events', '/log', '/log?stream=stderr', '/diff', '/mbox', '/artifacts'):
                self.call('GET', f'/v1/patches/{name}{rest}', headers={'Accept': 'application/json'} if rest == '/events' else None)
        for path in ('/v1/patches', '/v1/registry', '/v1/runners', '/v1/repos', '/v1/lanes', '/v1/limits', '/v1/audit', '/v1/keys',
                     '/v1/tokens', '/v1/tenants', '/metrics', '/openapi.json', '/', '/livez', '/readyz'):
            self.call('GET', path)
            self.call('GET', path, client=Http(self.farm.relay.facts['X_GHOST_HTTP'], self.http.token))
        env = {'GHOST_URL': self.http.url, 'GHOST_TOKEN': self.http.token}
        for command in ('runners', 'doctor', 'audit', 'limits', 'version', 'list', 'token list', 'keys list', 'repo list', 'get prints',
                        'logs prints', 'events prints', 'top --once'):
            done = subprocess.run([self.farm.programs / 'ghost', *command.split()], capture_output=True, check=False,
                                  env={'PATH': os.environ['PATH'], **env})
            self.seen.append(('ghost ' + command, done.stdout + done.stderr))

    def process_list(self):
        """What an ordinary user, and root, read of the daemons."""
        out = []
        for process in self.farm.all:
            for name in ('cmdline', 'environ', 'comm', 'status'):
                path = f'/proc/{process.pid}/{name}'
                out.append((f'{process.name} {name}', pathlib.Path(path).read_bytes()))
                if os.geteuid() == 0:
                    read = subprocess.run(['cat', path], capture_output=True, user=ORDINARY, group=ORDINARY, check=False)
                    out.append((f'{process.name} {name} as another user', read.stdout))
        return out

    def cores(self):
        """Each program is ended with a core, were there any."""
        folder = self.scratch / 'cores'
        for process in self.farm.all:
            try:
                resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except PermissionError:  # what the program gave up is not to be had back: no core at all
                self.assertEqual(resource.prlimit(process.pid, resource.RLIMIT_CORE), (0, 0))
        for process in reversed(self.farm.all):
            process.signal(signal.SIGABRT)
            process.wait()
        return [(str(path), path.read_bytes()) for path in (*folder.glob('*'), *pathlib.Path('.').glob('core*'),
                                                            *self.scratch.glob('**/core*')) if path.is_file()]

    def hunt(self, places):
        for where, data in places:
            for what, secret in self.planted.items():
                for form in (secret.encode(), base64.b64encode(secret.encode()).rstrip(b'=')[:-2],
                             base64.b64encode(b'me:' + secret.encode()).rstrip(b'=')[:-2]):
                    self.assertNotIn(form, data, f'the {what} is in {where}')

    def test_planted_secrets_are_found_nowhere(self):
        self.plant()
        self.use()
        self.look()
        self.hunt(self.seen)
        self.hunt(self.process_list())
        logs = [(process.name + '.log', process.log().encode()) for process in self.farm.all]
        self.assertTrue(all(len(data) > 100 for _, data in logs))
        filters = {process.name: pathlib.Path(f'/proc/{process.pid}/coredump_filter').read_text().strip() for process in self.farm.all}
        self.assertEqual(set(filters.values()), {'00000000'}, filters)
        self.hunt(logs)
        self.hunt(self.cores())
        self.hunt([(process.name + '.log', process.log().encode()) for process in self.farm.all])
        # Every file of the farm but those that hold the secret for its use, which are their owner's alone.
        files = [path for path in self.scratch.glob('**/*') if path.is_file() and not path.is_symlink()]
        self.assertGreater(len(files), 30)
        self.hunt((str(path), path.read_bytes()) for path in files if path not in self.homes)
        for path in self.homes:
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_the_hunt_finds_what_is_there(self):
        self.planted = {'thing': 's3cret' * 5}
        for data in (b'xx' + b's3cret' * 5, base64.b64encode(b's3cret' * 5), base64.b64encode(b'me:' + b's3cret' * 5)):
            with self.assertRaises(AssertionError):
                self.hunt([('here', data)])
        self.hunt([('here', b's3cret' * 4)])

    def test_a_secrets_file_of_everybody_is_refused(self):
        self.seen = []
        self.start(runners=0)
        loose = self.private('loose.env', 'A=b\n')
        loose.chmod(0o644)
        runner = self.farm.make('r2', 'ghost-runner', '--broker', self.farm.broker.facts['X_GHOST_RUNNERS'], '--data', self.scratch / 'r2',
                                '--isolation', 'none', '--secrets', loose).launch()
        self.assertNotEqual(runner.wait(), 0)
        self.assertIn('chmod 600', runner.log())


if __name__ == '__main__':
    main()
