"""The registry over HTTP: instances of any service, in rotation, watched, and lost when they fall silent."""
import json
import threading

from farm import FarmTest, main
from process import until


class RegistryTest(FarmTest):
    def instances(self, service, **query):
        answer = self.http.get(f'/v1/registry/{service}', query=query)
        return {i['instance']: i['state'] for i in answer.json()['items']} if answer.status == 200 else {}

    def test_services_of_any_kind(self):
        http = self.start(runners=1)
        listed = {i['service'] for i in http.get('/v1/registry').json()['items']}
        self.assertEqual(listed, {'ghost-broker', 'ghost-relay', 'ghost-runner'})
        for n in range(3):
            answer = http.call('PUT', f'/v1/registry/web/w{n}', {'endpoints': {'http': f'http://10.0.0.{n}'}, 'ttlMs': 60000})
            self.assertEqual(answer.status, 201, answer)
        self.assertEqual(http.call('PUT', '/v1/registry/web/w0', {'ttlMs': 60000}).status, 200)
        turns = [http.get('/v1/registry/web/next').json()['instance'] for _ in range(9)]
        self.assertEqual(turns[:3] * 3, turns)
        self.assertEqual(set(turns), {'w0', 'w1', 'w2'})
        self.assertEqual(http.call('PUT', '/v1/registry/web/w1', {'state': 'draining', 'ttlMs': 60000}).status, 200)
        self.assertEqual({http.get('/v1/registry/we*/next').json()['instance'] for _ in range(4)}, {'w0', 'w2'})
        revision = http.get('/v1/registry/web').json()['revision']
        watched = []
        watcher = threading.Thread(target=lambda: watched.append(
            http.get('/v1/registry/web', query={'after': revision, 'wait': 30}).json()))
        watcher.start()
        until(lambda: 'ghost_broker_waits 1' in http.get('/metrics').body.decode(), 'the watch waits')
        self.assertEqual(http.call('DELETE', '/v1/registry/web/w2').status, 204)
        watcher.join()
        self.assertEqual([i['instance'] for i in watched[0]['items']], ['w0', 'w1'])
        self.assertGreater(watched[0]['revision'], revision)
        self.assertEqual(http.call('DELETE', '/v1/registry/web/w2').status, 404)
        self.assertEqual(http.get('/v1/registry/none/next').json()['code'], 'no_instance')
        until(lambda: {i['instance'] for i in json.loads((self.scratch / 'broker/registry.json').read_text())['instances']
                       if i['service'] == 'web'} == {'w0', 'w1'}, 'the snapshot follows')

    def test_who_falls_silent_is_lost_and_a_restart_gives_one_more_ttl(self):
        http = self.start(runners=0)
        http.call('PUT', '/v1/registry/web/short', {'ttlMs': 1000})
        http.call('PUT', '/v1/registry/web/long', {'ttlMs': 60000})
        until(lambda: self.instances('web') == {'short': 'lost', 'long': 'ready'}, 'one is lost')
        self.assertEqual(http.get('/v1/registry/web/next').json()['instance'], 'long')
        self.assertEqual(self.instances('web', ready='true'), {'long': 'ready'})
        http.call('PUT', '/v1/registry/web/short', {'ttlMs': 1000})
        self.assertEqual(self.instances('web')['short'], 'ready', 'back again')
        http.call('PUT', '/v1/registry/web/other', {'ttlMs': 2000})
        until(lambda: '"other"' in (self.scratch / 'broker/registry.json').read_text(), 'the snapshot has it')
        self.farm.broker.kill()
        self.farm.restart_broker()
        self.assertEqual(self.instances('web').get('other'), 'ready', 'known from the snapshot')
        self.assertEqual(self.instances('web').get('long'), 'ready')
        until(lambda: self.instances('web').get('other') in (None, 'lost'), 'and lost when it stays silent')


if __name__ == '__main__':
    main()
