"""Five hosts as network namespaces: the broker's, two with a relay and its clients, two with three runners each. Hosts
are cut off and healed while jobs run, and every job that a client was promised ends once."""
import json
import unittest

import farm
from hosts_test import HostsFarmTest as Base, allowed
from process import until

RELAYS, RUNNERS = (2, 3), (4, 5)


@unittest.skipUnless(allowed(), 'network namespaces are not allowed here')
class ManyHostsFarmTest(Base):
    count, relays = 5, RELAYS

    def submit_some(self, tag, relay, count=12):
        """Ids that this relay acknowledged."""
        return [self.ghost(relay, 'submit', '--no-patch', '--repo', 'r', '--base', 'main', '--id', f'{tag}-{n}',
                           '--gate', 'sleep 0.3').strip() for n in range(count)]

    def states(self):
        return {name: runner['state'] for name, runner in self.runners_seen_by(3).items()}

    def runners_seen_by(self, relay):
        return {r['id']: r for r in json.loads(self.ghost(relay, 'runners', '--json'))['items']}

    def test_hosts_are_cut_off_and_healed_and_every_job_ends_once(self):
        names = {host: [f'runner-{host}-{n}' for n in range(3)] for host in RUNNERS}
        for host in RUNNERS:
            for name in names[host]:
                self.runner(name, host).launch()
        until(lambda: list(self.states().values()) == ['ready'] * 6, 'six runners are there')
        jobs = self.submit_some('calm', 2) + self.submit_some('calm-too', 3)
        self.hosts.cut(4)
        until(lambda: [self.states()[name] for name in names[4]] == ['lost'] * 3, 'a host of runners is missed')
        jobs += self.submit_some('fewer', 2)
        self.hosts.cut(2)
        # Its own clients are told so; those of the other relay notice nothing.
        jobs += self.submit_some('other-relay', 3)
        self.hosts.cut(4, off=False)
        until(lambda: list(self.states().values()) == ['ready'] * 6, 'the runners are back')
        self.hosts.cut(2, off=False)
        jobs += self.submit_some('again', 2)
        for job in jobs:
            self.ghost(3, 'wait', job, '--quiet')
            done = json.loads(self.ghost(2, 'get', job, '--json'))
            self.assertEqual((done['state'], done['outcome']), ('SUCCEEDED', 'passed'), done)
        self.assertEqual(len(jobs), len(set(jobs)))
        ran_on = {json.loads(self.ghost(2, 'get', job, '--json'))['runner'] for job in jobs}
        self.assertEqual(ran_on, {name for host in RUNNERS for name in names[host]}, 'each took its turn')


if __name__ == '__main__':
    farm.main()
