# SPDX-License-Identifier: Apache-2.0
import unittest
from unittest import mock

from nova_desktop import exception
from nova_desktop.manage import images


def glance(*pages, status: int = 200) -> mock.Mock:
    there = mock.Mock()
    there.image.get.side_effect = [
        mock.Mock(status_code=status, text='no', json=lambda page=page: page)
        for page in pages
    ]
    return there


class ImagesTest(unittest.TestCase):
    def test_pages(self) -> None:
        there = glance(
            {'images': [{'id': '1'}, {'id': '2'}], 'next': '/v2/images?x'},
            {'images': [{'id': '3', 'name': 'last'}]},
        )
        self.assertEqual(
            ['1', '2', 'last'], [each.name for each in images.every(there)]
        )
        asked = [call.kwargs['params'] for call in there.image.get.mock_calls]
        self.assertEqual([None, '2'], [each.get('marker') for each in asked])

    def test_refusal(self) -> None:
        with self.assertRaisesRegex(exception.CloudFailed, 'images: 403 no'):
            list(images.every(glance({}, status=403)))

    def test_properties_as_a_filter_sees_them(self) -> None:
        image = images.Image(
            {
                'id': '1',
                'trait:A': 'required',
                'trait:B': 'forbidden',
                'hw_cpu_policy': 'dedicated',
            }
        )
        self.assertEqual(['A'], image.properties['traits_required'])
        self.assertEqual('dedicated', image.properties['hw_cpu_policy'])
        self.assertEqual([], image.unread)

    def test_what_looks_like_ours(self) -> None:
        image = images.Image(
            {'id': '1', 'desktop_x': '', 'desktop:notice': '', 'desktops': ''}
        )
        self.assertEqual(['desktop:notice', 'desktop_x'], image.unread)
